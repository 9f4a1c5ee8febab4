"""What whole-process tests stand on: a running naru, raw clients, scripted upstreams."""
