"""One naru for all Python SDK tests."""
import pytest
import stage as stages


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    with stages.running(tmp_path_factory.mktemp("sdk")) as running:
        yield running
