#include "cli/verb.h"

int main(int argc, char** argv) { return naru::cli::run(argc, argv, NARU_VERSION); }
