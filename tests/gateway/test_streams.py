"""Two hundred paced streams at once, in short; tests/release has the full minute."""
from harness import crowd_of_streams


def test_two_hundred_streams_end_whole_with_flat_memory(tmp_path):
    crowd_of_streams.run(tmp_path, streams=200, seconds=4, most_growth_kib=48 << 10)
