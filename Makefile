# A thin front over tools/ and the CMake presets; each target does all it needs.
.DEFAULT_GOAL := help
.PHONY: help serve build test soak lint fuzz bench clean

help:
	@echo "make serve   install what is missing, build, and serve the quick start (Ctrl-C stops it)"
	@echo "make build   build the release binary: build/release/naru"
	@echo "make test    run every test; ends with one line: N passed, N failed"
	@echo "make soak    mixed traffic with faults for SOAK_MINUTES=20, and tests at their full length"
	@echo "make lint    clang-tidy on changed files, layout rules, who may include whom"
	@echo "make fuzz    run every fuzz target (FUZZ_SECONDS=60 each, FUZZ=name for one)"
	@echo "make bench   naru beside other gateways under the same load (BENCH=room: a room's own)"
	@echo "make clean   remove the build trees; the cache of engine and model stays"

serve:
	@tools/serve

build:
	@tools/build

test:
	@tools/test

soak:
	@tools/soak

lint:
	@tools/lint

fuzz:
	@tools/fuzz

bench:
	@tools/bench

clean:
	rm -rf build
