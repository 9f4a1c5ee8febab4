"""Structured output, asked for and parsed by the SDKs' own helpers."""
import pydantic
from cases import every_provider
from parts import EXPECTED


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


FOUND = Weather(**EXPECTED["shape"])
ASKED = [{"role": "user", "content": "?"}]


@every_provider
def test_chat_parses_an_answer(openai_client, provider):
    answer = openai_client.chat.completions.parse(model=f"{provider}-shape", messages=ASKED,
                                                  response_format=Weather)
    assert answer.choices[0].message.parsed == FOUND


@every_provider
def test_chat_parses_a_stream(openai_client, provider):
    with openai_client.chat.completions.stream(model=f"{provider}-shape", messages=ASKED,
                                               response_format=Weather) as stream:
        events = list(stream)
        answer = stream.get_final_completion()
    assert answer.choices[0].message.parsed == FOUND
    assert [event.parsed for event in events if event.type == "content.done"] == [FOUND]


@every_provider
def test_responses_parse_an_answer(openai_client, provider):
    answer = openai_client.responses.parse(model=f"{provider}-shape", input="?",
                                           text_format=Weather)
    assert answer.output_parsed == FOUND


@every_provider
def test_responses_parse_a_stream(openai_client, provider):
    with openai_client.responses.stream(model=f"{provider}-shape", input="?",
                                        text_format=Weather) as stream:
        events = list(stream)
        answer = stream.get_final_response()
    assert answer.output_parsed == FOUND
    done = [event for event in events if event.type == "response.output_text.done"]
    assert [event.parsed for event in done] == [FOUND]


@every_provider
def test_messages_parse_an_answer(anthropic_client, provider):
    answer = anthropic_client.messages.parse(model=f"{provider}-shape", max_tokens=64,
                                             messages=ASKED, output_format=Weather)
    assert answer.parsed_output == FOUND


@every_provider
def test_messages_parse_a_stream(anthropic_client, provider):
    with anthropic_client.messages.stream(model=f"{provider}-shape", max_tokens=64,
                                          messages=ASKED, output_format=Weather) as stream:
        answer = stream.get_final_message()
    assert answer.parsed_output == FOUND
