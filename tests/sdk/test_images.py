"""Images by address and as base64: each provider says what it got, read in its own form."""
from cases import every_provider, text_of
from parts import EXPECTED

URL, PNG = EXPECTED["images"]["url"], EXPECTED["images"]["png"]
DATA_URL = f"data:image/png;base64,{PNG}"
SEEN = f"url {URL} image/png {PNG}"
SOURCES = [{"type": "url", "url": URL},
           {"type": "base64", "media_type": "image/png", "data": PNG}]


@every_provider
def test_chat_sends_images(openai_client, provider):
    content = [{"type": "image_url", "image_url": {"url": url}} for url in (URL, DATA_URL)]
    answer = openai_client.chat.completions.create(
        model=f"{provider}-look",
        messages=[{"role": "user", "content": [{"type": "text", "text": "?"}, *content]}])
    assert answer.choices[0].message.content == SEEN


@every_provider
def test_responses_send_images(openai_client, provider):
    content = [{"type": "input_image", "image_url": url, "detail": "auto"}
               for url in (URL, DATA_URL)]
    answer = openai_client.responses.create(
        model=f"{provider}-look",
        input=[{"role": "user", "content": [{"type": "input_text", "text": "?"}, *content]}])
    assert answer.output_text == SEEN


@every_provider
def test_responses_send_images_as_a_result(openai_client, provider):
    content = [{"type": "input_image", "image_url": url} for url in (URL, DATA_URL)]
    answer = openai_client.responses.create(model=f"{provider}-look", input=[
        {"role": "user", "content": "?"},
        {"type": "function_call", "call_id": "call_1", "name": "draw", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": content}])
    assert answer.output_text == SEEN


@every_provider
def test_messages_send_images(anthropic_client, provider):
    content = [{"type": "image", "source": source} for source in SOURCES]
    answer = anthropic_client.messages.create(
        model=f"{provider}-look", max_tokens=64,
        messages=[{"role": "user", "content": [*content, {"type": "text", "text": "?"}]}])
    assert text_of(answer) == SEEN


@every_provider
def test_messages_send_images_as_a_result(anthropic_client, provider):
    content = [{"type": "image", "source": source} for source in SOURCES]
    answer = anthropic_client.messages.create(
        model=f"{provider}-look", max_tokens=64,
        tools=[{"name": "draw", "input_schema": {"type": "object"}}],
        messages=[{"role": "user", "content": "?"},
                  {"role": "assistant", "content": [
                      {"type": "tool_use", "id": "call_1", "name": "draw", "input": {}}]},
                  {"role": "user", "content": [
                      {"type": "tool_result", "tool_use_id": "call_1", "content": content}]}])
    assert text_of(answer) == SEEN
