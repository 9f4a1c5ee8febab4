"""One naru for all Python SDK tests."""
import anthropic
import openai
import pytest
import stage as stages


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    with stages.running(tmp_path_factory.mktemp("sdk")) as running:
        yield running


@pytest.fixture
def openai_client(stage):
    with openai.OpenAI(base_url=f"{stage.url}/v1", api_key=stage.key, max_retries=0) as made:
        yield made


@pytest.fixture
def anthropic_client(stage):
    with anthropic.Anthropic(base_url=stage.url, api_key=stage.key, max_retries=0) as made:
        yield made
