"""What takes its time, with the release binary: 200 streams of a minute each."""
from harness import crowd_of_streams


def test_two_hundred_streams_of_a_minute_end_whole_with_flat_memory(tmp_path):
    crowd_of_streams.run(tmp_path, streams=200, seconds=60, most_growth_kib=8 << 10)
