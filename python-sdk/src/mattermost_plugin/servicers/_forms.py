"""What the bytes of a request mean: query, cookies, forms. Pure.

Whatever cannot be read raises HTTPRequestError, whose text says what was wrong.
"""

from __future__ import annotations

import email.message
import email.parser
import email.policy
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Tuple
from urllib.parse import parse_qsl, urlsplit

# More fields than any form has; without a limit a small body could make very many objects.
MOST_FIELDS = 1000
# Bytes of the head of one part of a multipart form.
MOST_PART_HEAD = 16 * 1024


class HTTPRequestError(ValueError):
    """The client's request cannot be read as what the handler wants. A handler that lets it pass answers 400."""


@dataclass(frozen=True)
class FormFile:
    """A file that came with a form."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """The fields of a form, each with all its values, and its files."""

    fields: Dict[str, List[str]] = field(default_factory=dict)
    files: Dict[str, List[FormFile]] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return self.fields.get(name, [default])[0]


def split_url(url: str) -> Tuple[str, str]:
    """Path and query, both as they came. A path may begin with two slashes, which in other URLs stand before a host."""
    if not url.startswith("/"):
        parts = urlsplit(url)
        return parts.path, parts.query
    path, _, query = url.partition("?")
    return path, query


def parse_query(text: str) -> Dict[str, List[str]]:
    """The fields of a query; what is not UTF-8 in it is replaced, as nothing else depends on it."""
    try:
        return _gathered(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS))
    except ValueError:
        raise HTTPRequestError(f"the query has more than {MOST_FIELDS} fields") from None


def parse_cookies(lines: List[str]) -> Dict[str, str]:
    """The cookies of all Cookie headers; of two with one name the first counts, as it has the longer path."""
    cookies: Dict[str, str] = {}
    for part in ";".join(lines).split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not name:
            continue
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies.setdefault(name, value)
    return cookies


def parse_form(content_type: str, body: bytes) -> Form:
    """A form in either of the two ways in which browsers send them."""
    header = email.message.Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type() if content_type else ""
    if kind == "application/x-www-form-urlencoded":
        return Form(_urlencoded(body))
    if kind == "multipart/form-data":
        boundary = header.get_boundary()
        if not boundary:
            raise HTTPRequestError(f"the multipart form has no boundary: Content-Type is {content_type!r}")
        return _multipart(boundary.encode("utf-8", "surrogateescape"), body)
    raise HTTPRequestError(
        f"the body is no form: Content-Type is {content_type!r}, not application/x-www-form-urlencoded or multipart/form-data"
    )


def _urlencoded(body: bytes) -> Dict[str, List[str]]:
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise HTTPRequestError(f"byte {error.start} of the form is not ASCII, as all of a URL-encoded form is") from None
    if text.count("&") >= MOST_FIELDS:
        raise HTTPRequestError(f"the form has more than {MOST_FIELDS} fields")
    try:
        return _gathered(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise HTTPRequestError("a field of the form is not UTF-8") from None


def _multipart(boundary: bytes, body: bytes) -> Form:
    form = Form()
    for number, (head, content) in enumerate(_parts(boundary, body), 1):
        if number > MOST_FIELDS:
            raise HTTPRequestError(f"the form has more than {MOST_FIELDS} parts")
        headers = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head, headersonly=True)
        name = headers.get_param("name", header="content-disposition")
        if headers.get_content_disposition() != "form-data" or not isinstance(name, str):
            raise HTTPRequestError(f"part {number} of the form has no name")
        filename = headers.get_filename()
        if filename is not None:
            kind = headers.get_content_type() if "content-type" in headers else "application/octet-stream"
            form.files.setdefault(name, []).append(FormFile(filename, kind, content))
            continue
        try:
            form.fields.setdefault(name, []).append(content.decode())
        except UnicodeDecodeError:
            raise HTTPRequestError(f"the field {name!r} of the form is not UTF-8") from None
    return form


def _parts(boundary: bytes, body: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Head and content of each part. Split by hand: mail parsers take a part for text and read what it contains."""
    delimiter = b"\r\n--" + boundary
    at = 0 if body.startswith(delimiter[2:]) else body.find(delimiter) + 2
    if at == 1:
        raise HTTPRequestError("the multipart form has no part: its boundary does not occur in the body")
    at += len(delimiter) - 2
    while not body.startswith(b"--", at):
        start = body.find(b"\r\n", at)
        if start < 0 or body[at:start].strip(b" \t"):
            raise HTTPRequestError(f"a boundary of the multipart form goes on with {body[at : at + 20]!r}")
        end = body.find(delimiter, start)
        if end < 0:
            raise HTTPRequestError("the last part of the multipart form has no end")
        head_end = body.find(b"\r\n\r\n", start, end)
        if head_end < 0:
            raise HTTPRequestError("a part of the multipart form has no empty line behind its headers")
        if head_end - start > MOST_PART_HEAD:
            raise HTTPRequestError(f"a part of the multipart form has more than {MOST_PART_HEAD} bytes of headers")
        yield body[start + 2 : head_end + 2], body[head_end + 4 : end]
        at = end + len(delimiter)


def _gathered(pairs: List[Tuple[str, str]]) -> Dict[str, List[str]]:
    fields: Dict[str, List[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
