"""Requests and answers that most tests need, in one place; bytes of streams are authored here."""
import json

from harness import wire


def chat(model: str, text: str = "hi", **fields) -> dict:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def message(model: str, text: str = "hi", **fields) -> dict:
    return {"model": model, "max_tokens": 64,
            "messages": [{"role": "user", "content": text}], **fields}


def openai_answer(text: str = "ok", prompt: int = 7, output: int = 3) -> bytes:
    return wire.answer(json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "up",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": output,
                  "total_tokens": prompt + output}}))


def anthropic_answer(text: str = "ok", prompt: int = 7, output: int = 3) -> bytes:
    return wire.answer(json.dumps({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "up",
        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": prompt, "output_tokens": output}}))


def openai_error(status: int, headers: dict[str, str] | None = None, **fields) -> bytes:
    error = {"message": "no", "type": "server_error", "param": None, "code": None, **fields}
    return wire.answer(json.dumps({"error": error}), status, headers=headers)


def openai_chunk(text: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    return event({"id": "c", "model": "up", "choices": [
        {"index": 0, "delta": delta, "finish_reason": finish}]})


def openai_usage(prompt: int, output: int) -> bytes:
    return event({"id": "c", "model": "up", "choices": [], "usage": {
        "prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}})


def event(data: dict) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def openai_stream(*texts: str, prompt: int = 7, output: int = 3) -> list[bytes]:
    return wire.stream(*(openai_chunk(text) for text in texts), openai_chunk(finish="stop"),
                       openai_usage(prompt, output), DONE)


def named(name: str, data: dict) -> bytes:
    return f"event: {name}\n".encode() + event({"type": name, **data})


def message_start(prompt: int = 7) -> bytes:
    return named("message_start", {"message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "up", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": prompt, "output_tokens": 1}}})


BLOCK_START = named("content_block_start", {"index": 0, "content_block": {"type": "text",
                                                                          "text": ""}})
BLOCK_STOP = named("content_block_stop", {"index": 0})
MESSAGE_STOP = named("message_stop", {})


def text_delta(text: str) -> bytes:
    return named("content_block_delta", {"index": 0, "delta": {"type": "text_delta",
                                                               "text": text}})


def message_delta(output: int = 3) -> bytes:
    return named("message_delta", {"delta": {"stop_reason": "end_turn", "stop_sequence": None},
                                   "usage": {"output_tokens": output}})


def anthropic_stream(*texts: str, prompt: int = 7, output: int = 3) -> list[bytes]:
    return wire.stream(message_start(prompt), BLOCK_START, *(text_delta(t) for t in texts),
                       BLOCK_STOP, message_delta(output), MESSAGE_STOP)
