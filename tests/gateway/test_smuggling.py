"""Requests that two readers could cut apart differently, each followed by a canary on the same
connection: naru takes them as the standard says, or refuses them and closes. What an upstream saw
tells which. RFC 9112 sections 2.2, 3.2, 5, 6.1, 6.3, 7.1."""
import itertools
import json
import socket
import time
from dataclasses import dataclass

import pytest
from chats import chat, openai_answer
from harness import documents, wire
from harness.client import Client
from harness.gateway import Gateway
from harness.upstream import Upstream

CHAT = "/v1/chat/completions"
SOON = 1.0    # seconds to refuse and close; 0.05 is usual
BODY = json.dumps(chat("m", "victim")).encode()
SIZE = len(BODY)

# What is to become of the first request, and with it of the canary behind it.
SERVED = "served"      # 200, and so is the canary
REFUSED = "refused"    # a 4xx or 505, and the connection is closed: the canary is not read
ANSWERED = "answered"  # a 4xx of a request that is framed well; the canary is served


def raw(path: str, headers: list[bytes], body: bytes = b"", version: str = "1.1",
        end: bytes = b"\r\n") -> bytes:
    return b"POST %s HTTP/%s" % (path.encode(), version.encode()) + end + \
        b"".join(line + end for line in headers) + end + body


def second(text: str, key: bytes) -> bytes:
    """A request behind another, or within its body."""
    body = json.dumps(chat("m", text)).encode()
    return raw(CHAT, [b"host: a", b"x-api-key: " + key, b"content-length: %d" % len(body)], body)


CANARY = second("canary", b"<key>")
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY)
OK, BAD, NONE = "ok", "bad", "none"


@dataclass(frozen=True)
class Header:
    name: str
    meaning: str
    lines: tuple[bytes, ...] = ()


CODINGS = [
    Header("none", NONE),
    Header("chunked", OK, (b"transfer-encoding: chunked",)),
    Header("upper", OK, (b"Transfer-Encoding: CHUNKED",)),
    Header("spaced", OK, (b"transfer-encoding:  \t chunked \t",)),
    Header("unspaced", OK, (b"transfer-encoding:chunked",)),
    Header("xchunked", BAD, (b"transfer-encoding: xchunked",)),
    Header("chunkedx", BAD, (b"transfer-encoding: chunkedx",)),
    Header("identity", BAD, (b"transfer-encoding: identity",)),
    Header("empty", BAD, (b"transfer-encoding:",)),
    Header("gzip_first", BAD, (b"transfer-encoding: gzip, chunked",)),
    Header("gzip_last", BAD, (b"transfer-encoding: chunked, gzip",)),
    Header("listed_twice", BAD, (b"transfer-encoding: chunked, chunked",)),
    Header("two_lines", BAD, (b"transfer-encoding: chunked", b"transfer-encoding: chunked")),
    Header("two_meanings", BAD, (b"transfer-encoding: chunked", b"transfer-encoding: identity")),
    Header("parameter", BAD, (b"transfer-encoding: chunked;q=1",)),
    Header("quoted", BAD, (b'transfer-encoding: "chunked"',)),
    Header("comma", BAD, (b"transfer-encoding: ,chunked",)),
    Header("vertical_tab", BAD, (b"transfer-encoding: \x0bchunked",)),
    Header("nul", BAD, (b"transfer-encoding: chunked\x00",)),
    Header("bare_cr", BAD, (b"transfer-encoding: chunked\rx: y",)),
    Header("space_before_colon", BAD, (b"transfer-encoding : chunked",)),
    Header("folded", BAD, (b"transfer-encoding:", b" chunked")),
    Header("folded_behind", BAD, (b"transfer-encoding: chunked", b" , identity")),
    Header("nul_in_name", BAD, (b"transfer\x00-encoding: chunked",)),
]
LENGTHS = [
    Header("none", NONE),
    Header("exact", OK, (b"content-length: %d" % SIZE,)),
    Header("zeros", OK, (b"content-length: 000%d" % SIZE,)),
    Header("plus", BAD, (b"content-length: +%d" % SIZE,)),
    Header("negative", BAD, (b"content-length: -%d" % SIZE,)),
    Header("hexadecimal", BAD, (b"content-length: 0x%x" % SIZE,)),
    Header("list", BAD, (b"content-length: %d, %d" % (SIZE, SIZE),)),
    Header("two_numbers", BAD, (b"content-length: %d 7" % SIZE,)),
    Header("decimal", BAD, (b"content-length: %d.0" % SIZE,)),
    Header("empty", BAD, (b"content-length:",)),
    Header("two_lines", BAD, (b"content-length: %d" % SIZE, b"content-length: %d" % SIZE)),
    Header("two_meanings", BAD, (b"content-length: %d" % SIZE, b"content-length: 0")),
    Header("oversized", BAD, (b"content-length: 18446744073709551617",)),
    Header("folded", BAD, (b"content-length:", b" %d" % SIZE)),
]


@dataclass(frozen=True)
class Case:
    name: str
    want: str
    sent: bytes


def verdict(coding: Header, length: Header, version: str) -> str:
    if BAD in (coding.meaning, length.meaning):
        return REFUSED
    if coding.meaning == OK:
        return REFUSED if length.meaning == OK or version == "1.0" else SERVED
    return SERVED if length.meaning == OK else ANSWERED


def framings():
    """Each Transfer-Encoding with each Content-Length, in both versions, in both orders."""
    for version, coding, length in itertools.product(("1.1", "1.0"), CODINGS, LENGTHS):
        want = verdict(coding, length, version)
        both = coding.meaning != NONE and length.meaning != NONE
        for order in (0, 1) if both and version == "1.1" else (0,):
            lines = [*coding.lines, *length.lines] if order == 0 else \
                [*length.lines, *coding.lines]
            body = b"" if want == ANSWERED else CHUNKED if coding.meaning != NONE else BODY
            keep = [b"connection: keep-alive"] if version == "1.0" else []
            yield Case(f"{version}-te_{coding.name}-cl_{length.name}-{order}", want,
                       raw(CHAT, [b"host: a", b"x-api-key: <key>", *keep, *lines], body, version))


def chunk_bodies():
    """Bodies of chunks: what the grammar has, and what it has not."""
    half = SIZE // 2
    first, second = BODY[:half], BODY[half:]
    good = {
        "extension": b"%x;a=b;c\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "quoted_extension": b'%x;a="b c"\r\n%s\r\n0\r\n\r\n' % (SIZE, BODY),
        "zeros_before_size": b"0000%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "upper_hexadecimal": b"%X\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "many_zeros_at_end": b"%x\r\n%s\r\n000\r\n\r\n" % (SIZE, BODY),
        "two": b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (half, first, SIZE - half, second),
        "trailer": b"%x\r\n%s\r\n0\r\nx: y\r\n\r\n" % (SIZE, BODY),
    }
    bad = {
        "bare_lf_size": b"%x\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "bare_lf_data": b"%x\r\n%s\n0\r\n\r\n" % (SIZE, BODY),
        "bare_lf_end": b"%x\r\n%s\r\n0\n\n" % (SIZE, BODY),
        "bare_lf_in_extension": b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "bare_cr_size": b"%x\r%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "no_end_of_data": b"%x\r\n%s0\r\n\r\n" % (SIZE, BODY),
        "longer_than_size": b"%x\r\n%s\r\n0\r\n\r\n" % (half, BODY),
        "negative": b"-%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "plus": b"+%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "prefix": b"0x%x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "no_size": b"\r\n%s\r\n0\r\n\r\n" % BODY,
        "no_hexadecimal": b"g\r\n%s\r\n0\r\n\r\n" % BODY,
        "wraps_to_size": b"1%016x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "space_before_size": b" %x\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "semicolon_alone": b";\r\n%s\r\n0\r\n\r\n" % BODY,
        "nul_behind_size": b"%x\x00\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "underscore": b"%x_\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "comma": b"%x,\r\n%s\r\n0\r\n\r\n" % (SIZE, BODY),
        "trailer_folded": b"%x\r\n%s\r\n0\r\nx: y\r\n z\r\n\r\n" % (SIZE, BODY),
        "trailer_bare_lf": b"%x\r\n%s\r\n0\r\nx: y\n\r\n" % (SIZE, BODY),
        "trailer_with_length": b"%x\r\n%s\r\n0\r\ncontent-length: 99\r\n\r\n" % (SIZE, BODY),
        "trailer_no_colon": b"%x\r\n%s\r\n0\r\nxy\r\n\r\n" % (SIZE, BODY),
    }
    lines = [b"host: a", b"x-api-key: <key>", b"transfer-encoding: chunked"]
    for name, body in good.items():
        yield Case(f"chunks-{name}", SERVED, raw(CHAT, lines, body))
    for name, body in bad.items():
        yield Case(f"chunks-{name}", REFUSED, raw(CHAT, lines, body))


def heads():
    """Line ends, hosts, targets, expectations."""
    own = [b"host: a", b"x-api-key: <key>", b"content-length: %d" % SIZE]
    good = {
        "empty_line_before": b"\r\n" + raw(CHAT, own, BODY),
        "absolute_target": raw("http://a" + CHAT, own, BODY),
        "host_with_port": raw(CHAT, [b"host: a:80", *own[1:]], BODY),
        "expect": raw(CHAT, [*own, b"expect: 100-continue"], BODY),
        "connection_names_length": raw(CHAT, [*own, b"connection: content-length"], BODY),
        "length_in_other_name": raw(CHAT, [*own, b"content_length: 1", b"x-content-length: 1"],
                                    BODY),
        "old_without_host": raw(CHAT, [*own[1:], b"connection: keep-alive"], BODY, "1.0"),
    }
    bad = {
        "bare_lf": raw(CHAT, own, BODY, end=b"\n"),
        "bare_lf_at_end": raw(CHAT, own, BODY).replace(b"\r\n\r\n", b"\r\n\n", 1),
        "bare_cr": raw(CHAT, own, BODY, end=b"\r"),
        "cr_cr_lf": raw(CHAT, own, BODY, end=b"\r\r\n"),
        "no_host": raw(CHAT, own[1:], BODY),
        "two_hosts": raw(CHAT, [*own, b"host: a"], BODY),
        "two_other_hosts": raw(CHAT, [*own, b"host: b"], BODY),
        "empty_host_then_host": raw(CHAT, [b"host:", *own], BODY),
        "host_list": raw(CHAT, [b"host: a, b", *own[1:]], BODY),
        "host_path": raw(CHAT, [b"host: a/b", *own[1:]], BODY),
        "host_at": raw(CHAT, [b"host: a@b", *own[1:]], BODY),
        "host_folded": raw(CHAT, [b"host: a", b" b", *own[1:]], BODY),
        "folded": raw(CHAT, [*own[:2], b"x: y", b"\tcontent-length: 1", own[2]], BODY),
        "folded_first": raw(CHAT, [b" host: a", *own], BODY),
        "no_colon": raw(CHAT, [*own, b"xy"], BODY),
        "no_name": raw(CHAT, [*own, b": y"], BODY),
        "space_in_name": raw(CHAT, [*own, b"x y: z"], BODY),
        "bracket_in_name": raw(CHAT, [*own, b"x(y): z"], BODY),
        "high_byte_in_name": raw(CHAT, [*own, b"x\xff: z"], BODY),
        "nul_in_value": raw(CHAT, [*own, b"x: y\x00z"], BODY),
        "cr_in_value": raw(CHAT, [*own, b"x: y\rz"], BODY),
        "two_spaces_in_line": raw(CHAT, own, BODY).replace(b"POST ", b"POST  ", 1),
        "tab_in_line": raw(CHAT, own, BODY).replace(b"POST ", b"POST\t", 1),
        "space_behind_version": raw(CHAT, own, BODY).replace(b"/1.1\r", b"/1.1 \r", 1),
        "version_2": raw(CHAT, own, BODY, "2.0"),
        "version_1_2": raw(CHAT, own, BODY, "1.2"),
        "version_long": raw(CHAT, own, BODY, "1.10"),
        "lower_protocol": raw(CHAT, own, BODY).replace(b"HTTP/", b"http/", 1),
        "no_version": raw(CHAT, own, BODY).replace(b" HTTP/1.1", b"", 1),
        "authority_target": raw("a:80", own, BODY),
        "relative_target": raw(CHAT[1:], own, BODY),
        "ftp_target": raw("ftp://a" + CHAT, own, BODY),
        "target_with_nul": raw(CHAT + "\0", own, BODY),
        "expect_other": raw(CHAT, [*own, b"expect: 200-ok"], BODY),
    }
    for name, sent in good.items():
        yield Case(f"head-{name}", SERVED, sent)
    for name, sent in bad.items():
        yield Case(f"head-{name}", REFUSED, sent)


def hidden():
    """A second request in the body of a first: never read as one, whichever length counts."""
    inner = second("smuggled", b"none")
    own = [b"host: a", b"x-api-key: <key>"]
    ended = b"0\r\n\r\n" + inner
    yield Case("hidden-cl_te", REFUSED, raw(CHAT, [
        *own, b"content-length: %d" % len(ended), b"transfer-encoding: chunked"], ended))
    yield Case("hidden-te_cl", REFUSED, raw(CHAT, [
        *own, b"content-length: 4", b"transfer-encoding: chunked"],
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)))
    for coding in CODINGS:
        if coding.meaning == BAD:
            yield Case(f"hidden-te_{coding.name}", REFUSED, raw(CHAT, [
                *own, b"content-length: %d" % len(ended), *coding.lines], ended))
    yield Case("hidden-in_body", ANSWERED, raw(CHAT, [
        *own, b"content-length: %d" % len(inner)], inner))
    yield Case("hidden-in_chunk", ANSWERED, raw(CHAT, [
        *own, b"transfer-encoding: chunked"], b"%x\r\n%s\r\n0\r\n\r\n" % (len(inner), inner)))
    yield Case("hidden-in_extension", REFUSED, raw(CHAT, [*own, b"transfer-encoding: chunked"],
                                                   b"1;\n" + inner + b"\r\n0\r\n\r\n"))
    yield Case("hidden-behind_no_body", REFUSED, raw(CHAT, [
        *own, b"content-length: 0", b"transfer-encoding: chunked"], inner))
    yield Case("hidden-get_with_body", ANSWERED, raw("/v1/models/none", [
        *own, b"content-length: %d" % len(inner)], inner).replace(b"POST", b"GET", 1))


CASES = [*framings(), *chunk_bodies(), *heads(), *hidden()]
GROUPS = sorted({case.name.split("-")[0] for case in CASES})


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    with Upstream([openai_answer()]) as upstream:
        with Gateway(tmp_path_factory.mktemp("smuggling"), documents.upstream("u", upstream.url) +
                     documents.model("m", "u")) as naru:
            naru.upstream, naru.test_key = upstream, naru.key()
            yield naru


def everything(client: Client) -> tuple[list[wire.Message], float]:
    """All answers until naru closes, and the seconds that took."""
    began = time.monotonic()
    answers = []
    while (head := client.reader.head()) is not None:
        if head.status >= 200:
            answers.append(client.reader.body(head))
    return answers, time.monotonic() - began


def play(stage, case: Case) -> tuple[list[int], list[str], float]:
    """Statuses the client got, prompts the upstream got, and the seconds until the close."""
    before = len(stage.upstream.requests)
    sent = (case.sent + CANARY).replace(b"<key>", stage.test_key.encode())
    with stage.connect() as client:
        client.send(sent)
        if case.want != REFUSED:  # those stay open; a refusal is to close by itself
            answers = [client.answer(), client.answer()]
            client.connection.shutdown(socket.SHUT_WR)
            more, took = everything(client)
            answers += more
        else:
            answers, took = everything(client)
    prompts = [json.loads(request.body)["messages"][0]["content"]
               for request in stage.upstream.requests[before:]]
    return [answer.status for answer in answers], prompts, took


def wrong(stage, case: Case) -> str | None:
    """What is not as it should be, or nothing."""
    try:
        statuses, prompts, took = play(stage, case)
    except (wire.Broken, OSError) as e:
        return f"{case.name}: wanted {case.want}, got {e!r}"
    if case.want == SERVED:
        good = statuses == [200, 200] and prompts == ["victim", "canary"]
    elif case.want == ANSWERED:
        good = len(statuses) == 2 and 400 <= statuses[0] < 500 and statuses[1] == 200 and \
            prompts == ["canary"]
    else:
        good = len(statuses) == 1 and (400 <= statuses[0] < 500 or statuses[0] == 505) and \
            prompts == [] and took < SOON
    return None if good else f"{case.name}: wanted {case.want}, got {statuses} {prompts} {took:.3f}"


def test_there_are_enough_cases():
    assert len(CASES) >= 300 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("group", GROUPS)
def test_every_reading_is_the_strict_one(stage, group):
    of_group = [case for case in CASES if case.name.startswith(group)]
    began = time.monotonic()
    faults = [fault for case in of_group if (fault := wrong(stage, case))]
    print(f"{len(of_group)} cases in {time.monotonic() - began:.1f} s")
    assert faults == []
