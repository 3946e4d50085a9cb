"""What a request says about itself, and what a response may say: no server, no threads."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Dict, List

import pytest
from google.protobuf.message import DecodeError

from mattermost_plugin import HTTPRequest, HTTPRequestError, HTTPResponseWriter
from mattermost_plugin.grpc.hooks_http_pb2 import HTTPHeader, ServeHTTPRequest, ServeHTTPRequestInit, ServeHTTPResponse
from mattermost_plugin.http import Form, FormFile, RequestStream
from mattermost_plugin.servicers import _forms
from mattermost_plugin.servicers._frames import MAX_CHUNK_SIZE, parse_request, response_frame, response_head


def request(body: bytes = b"", url: str = "/", **headers: Any) -> HTTPRequest:
    lines = [
        HTTPHeader(key=key.replace("_", "-"), values=[values] if isinstance(values, str) else values)
        for key, values in headers.items()
    ]
    return HTTPRequest(ServeHTTPRequestInit(url=url, headers=lines), body)


@pytest.mark.parametrize(
    ("url", "path", "query_string", "query"),
    [
        ("/", "/", "", {}),
        ("/a/b", "/a/b", "", {}),
        ("/a%2Fb%20c/%C3%BC?x=1&x=2&y=&%C3%BC=+", "/a/b c/ü", "x=1&x=2&y=&%C3%BC=+", {"x": ["1", "2"], "y": [""], "ü": [" "]}),
        ("//a//b?c=//d", "//a//b", "c=//d", {"c": ["//d"]}),
        ("https://chat.example/p?q=a%26b", "/p", "q=a%26b", {"q": ["a&b"]}),
        ("/p?bad=%ff", "/p", "bad=%ff", {"bad": ["\ufffd"]}),
        ("", "", "", {}),
    ],
)
def test_path_and_query(url: str, path: str, query_string: str, query: Dict[str, List[str]]) -> None:
    one = request(url=url)
    assert (one.path, one.query_string, one.query) == (path, query_string, query)
    for name, values in query.items():
        assert one.get_query(name) == values[0]
    assert (one.get_query("none"), one.get_query("none", "d")) == ("", "d")


def test_a_query_of_too_many_fields_is_refused() -> None:
    assert len(request(url="/?" + "&".join(f"a{n}=" for n in range(1000))).query) == 1000
    with pytest.raises(HTTPRequestError, match="the query has more than 1000 fields"):
        request(url="/?" + "a&" * 1001).query  # noqa: B018


def test_cookies() -> None:
    one = request(cookie=['a=1; b="two words"; a=2;; nothing; =x; c=', "d=4=5 ; A=6"])
    assert one.cookies == {"a": "1", "b": "two words", "c": "", "d": "4=5", "A": "6"}
    assert request().cookies == {}


def test_json() -> None:
    assert request(b' {"a": [1, "\xc3\xbc"]} ').json() == {"a": [1, "ü"]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is empty, and so no JSON"),
        (b"{", "the body is no JSON: Expecting property name"),
        (b"1 2", "the body is no JSON: Extra data: line 1 column 3"),
        (b'"\xff"', "the body is no JSON: 'utf-8' codec can't decode byte 0xff"),
        (b"[" * 100_000, "the body is JSON of too many levels"),
    ],
)
def test_what_is_no_json_is_explained(body: bytes, text: str) -> None:
    with pytest.raises(HTTPRequestError) as caught:
        request(body).json()
    assert text in str(caught.value)


URLENCODED = "application/x-www-form-urlencoded"


def test_a_form_of_fields() -> None:
    form = request(b"a=1&b=%C3%BC+x&a=2&c=", content_type=f"{URLENCODED}; charset=utf-8").form()
    assert form == Form({"a": ["1", "2"], "b": ["ü x"], "c": [""]})
    assert (form.get("a"), form.get("none"), form.get("none", "d")) == ("1", "", "d")
    assert request(b"", content_type=URLENCODED).form() == Form()


def multipart(boundary: str, *parts: Any, end: bytes = b"\r\n") -> bytes:
    """As browsers write it: each part is its head and its content."""
    pieces = [b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), content) for head, content in parts]
    return b"".join(pieces) + b"--%s--" % boundary.encode() + end


NASTY = [
    b"",
    b"\r\n",
    b"\n\r\r\n\x0b\x0c\x1c\x85",
    b"--",
    b"--X",
    b"\r\n--",
    b"\n--X--\r\n",
    bytes(range(256)) * 3,
    "\u2028ü".encode(),
]


@pytest.mark.parametrize("content", NASTY)
def test_a_file_in_a_form_keeps_every_byte(content: bytes) -> None:
    boundary = "XX"
    body = multipart(
        boundary,
        ('Content-Disposition: form-data; name="title"', "grüß".encode()),
        ('Content-Disposition: form-data; name="up"; filename="a b.bin"\r\nContent-Type: image/png', content),
        ('content-disposition: form-data; name="up"; filename="plain"', b"2"),
        ('Content-Disposition: form-data; name="title"', b"second"),
    )
    form = request(body, content_type=f'multipart/form-data; boundary="{boundary}"').form()
    assert form.fields == {"title": ["grüß", "second"]}
    first, second = form.files["up"]
    assert first == FormFile("a b.bin", "image/png", content)
    assert second == FormFile("plain", "application/octet-stream", b"2")


def test_parts_are_not_looked_into() -> None:
    head = 'Content-Disposition: form-data; name="m"; filename="m.eml"\r\nContent-Type: message/rfc822'
    mixed = 'Content-Disposition: form-data; name="n"; filename="n"\r\nContent-Type: multipart/mixed; boundary=Y'
    encoded = 'Content-Disposition: form-data; name="o"; filename="o"\r\nContent-Transfer-Encoding: base64'
    contents = [b"Subject: x\r\n\r\ny", b"--Y\r\n\r\nz\r\n--Y--", b"YWJj"]
    body = multipart("X", *zip((head, mixed, encoded), contents))
    files = request(body, content_type="multipart/form-data; boundary=X").form().files
    assert [files[name][0].content for name in "mno"] == contents


def test_names_in_forms() -> None:
    heads = [
        'Content-Disposition: form-data; name="ü"',
        "Content-Disposition: form-data; name=token",
        'Content-Disposition: form-data; name="a;b=\'c"',
        'Content-Disposition: form-data; name=""',
    ]
    body = multipart("X", *((head, b"v") for head in heads))
    assert list(request(body, content_type="multipart/form-data; boundary=X").form().fields) == ["ü", "token", "a;b='c", ""]


def test_what_stands_around_the_parts_does_not_matter() -> None:
    part = ('Content-Disposition: form-data; name="a"', b"1")
    for before, after in itertools.product((b"", b"\r\n", b"preamble\r\n"), (b"", b"\r\n", b"\r\nepilogue")):
        body = before + multipart("X", part, end=after)
        assert request(body, content_type="multipart/form-data; boundary=X").form().fields == {"a": ["1"]}
    assert request(b"--X--\r\n", content_type="multipart/form-data; boundary=X").form() == Form()


PART = b'--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("", b"a=1", "the body is no form: Content-Type is '', not application/x-www-form-urlencoded or multipart/form-data"),
        ("text/plain", b"a=1", "the body is no form: Content-Type is 'text/plain'"),
        (URLENCODED, b"a=\xff", "byte 2 of the form is not ASCII"),
        (URLENCODED, b"a=%ff", "a field of the form is not UTF-8"),
        (URLENCODED, b"a=&" * 1001, "the form has more than 1000 fields"),
        ("multipart/form-data", PART, "the multipart form has no boundary"),
        ("multipart/form-data; boundary=Y", PART, "its boundary does not occur in the body"),
        ("multipart/form-data; boundary=X", b"", "its boundary does not occur in the body"),
        ("multipart/form-data; boundary=X", PART, "the last part of the multipart form has no end"),
        ("multipart/form-data; boundary=X", b"--X\r\nA: b\r\n--X--", "has no empty line behind its headers"),
        ("multipart/form-data; boundary=X", b"--Xtra\r\n", "a boundary of the multipart form goes on with b'tra"),
        ("multipart/form-data; boundary=X", b"--X\r\nA: b\r\n\r\n\r\n--X--", "part 1 of the form has no name"),
        ("multipart/form-data; boundary=X", PART + b"\xff\r\n--X--", "the field 'a' of the form is not UTF-8"),
        ("multipart/form-data; boundary=X", (PART + b"\r\n") * 1001 + b"--X--", "the form has more than 1000 parts"),
        (
            "multipart/form-data; boundary=X",
            b"--X\r\nA: " + b"x" * _forms.MOST_PART_HEAD + b"\r\n\r\n\r\n--X--",
            "bytes of headers",
        ),
    ],
)
def test_what_is_no_form_is_explained(content_type: str, body: bytes, text: str) -> None:
    with pytest.raises(HTTPRequestError) as caught:
        request(body, content_type=content_type).form()
    assert text in str(caught.value)


def test_no_cut_of_a_form_is_read_as_one() -> None:
    body = multipart("X", ('Content-Disposition: form-data; name="a"', b"1"), end=b"")
    for length in range(len(body)):
        with pytest.raises(HTTPRequestError):
            request(body[:length], content_type="multipart/form-data; boundary=X").form()


def test_a_body_by_pieces() -> None:
    body = bytes(range(256)) * 1000
    one = request(body)
    pieces = list(one.stream())
    assert [len(piece) for piece in pieces] == [MAX_CHUNK_SIZE] * 3 + [len(body) - 3 * MAX_CHUNK_SIZE]
    assert b"".join(pieces) == one.body == body
    assert list(one.stream()) == []

    async def read(stream: RequestStream) -> List[bytes]:
        return [piece async for piece in stream]

    assert asyncio.run(read(request(body).stream())) == pieces
    assert not one.cancelled


# Responses.


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ü", "a\0", "(a)", " a", "a\t"])
def test_names_that_no_header_has(name: str) -> None:
    writer = HTTPResponseWriter()
    for change in (writer.set_header, writer.add_header):
        with pytest.raises(ValueError, match="is not the name of an HTTP header"):
            change(name, "v")
    assert writer.headers == {}


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\n", "\0", "a\x7f", "\x1b[0m", "\udc80"])
def test_values_that_no_header_has(value: str) -> None:
    writer = HTTPResponseWriter()
    for change in (writer.set_header, writer.add_header):
        with pytest.raises(ValueError, match=r"the HTTP header X cannot have the value .* must not be in it"):
            change("X", value)
    assert writer.headers == {}


@pytest.mark.parametrize(("value", "text"), [("", ""), ("a\tb", "a\tb"), ("grüß 日本", "grüß 日本"), (7, "7"), (None, "None")])
def test_values_that_headers_have(value: Any, text: str) -> None:
    writer = HTTPResponseWriter()
    writer.set_header("X-Y_z!", value)
    assert writer.headers == {"X-Y_z!": [text]}


@pytest.mark.parametrize(("name", "value"), [(b"X", "v"), ("X", b"v"), (7, "v"), ("X", bytearray())])
def test_headers_are_text(name: Any, value: Any) -> None:
    with pytest.raises(TypeError, match="is not an HTTP header: its name and value are text"):
        HTTPResponseWriter().set_header(name, value)


def test_a_writer_by_itself_keeps_everything() -> None:
    writer = HTTPResponseWriter()
    for _ in range(3):
        assert writer.write(memoryview(bytes(1024 * 1024))) == 1024 * 1024
    assert len(writer.get_body()) == 3 * 1024 * 1024
    asyncio.run(writer.drain())
    writer.set_header("Too", "late")
    assert writer.headers == {}
    writer.clear_pending_writes()
    assert (writer.get_body(), writer.get_pending_writes()) == (b"", [])
    writer.set_header("X", "in time again")
    assert writer.headers == {"X": ["in time again"]}


def test_what_is_written_is_what_it_was_then() -> None:
    writer, data = HTTPResponseWriter(), bytearray(b"before")
    writer.write(data)
    data[:] = b"after!"
    assert writer.get_body() == b"before"


# Messages as bytes.


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, MAX_CHUNK_SIZE, 3_000_000])
@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("complete", [False, True])
def test_frames_are_the_contracts_messages(size: int, flush: bool, complete: bool) -> None:
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    head = response_head(404, {"A": ["b", "c"], "D": []})
    pieces: List[Any] = [body[: size // 3], memoryview(body)[size // 3 :]]
    message = ServeHTTPResponse(body_chunk=body, flush=flush, body_complete=complete)
    assert response_frame(b"", pieces, flush, complete) == message.SerializeToString()
    message.init.status_code = 404
    message.init.headers.extend([HTTPHeader(key="A", values=["b", "c"]), HTTPHeader(key="D")])
    assert response_frame(head, pieces, flush, complete) == message.SerializeToString()
    for init in (None, ServeHTTPRequestInit(url="/x")):
        wire = ServeHTTPRequest(init=init, body_chunk=body, body_complete=complete).SerializeToString()
        assert parse_request(wire) == (init, body, complete)


def test_other_ways_to_write_a_message_are_understood() -> None:
    last = ServeHTTPRequest(body_complete=True).SerializeToString()
    piece = ServeHTTPRequest(body_chunk=b"abc").SerializeToString()
    long_length = piece[:1] + b"\x83\x80\x00" + piece[2:]
    for wire in (last + piece, piece[:1] + b"\x01x" + piece + last, long_length + last):
        assert parse_request(wire) == (None, b"abc", True)
    assert parse_request(long_length) == (None, b"abc", False)
    assert parse_request(b"") == (None, b"", False)


@pytest.mark.parametrize("size", [1, 127, 128, 20_000, MAX_CHUNK_SIZE])
def test_a_message_that_is_cut_off_is_none(size: int) -> None:
    wire = ServeHTTPRequest(body_chunk=bytes(size)).SerializeToString()
    for missing in range(1, min(size, 5) + 1):
        with pytest.raises(DecodeError):
            parse_request(wire[:-missing])
