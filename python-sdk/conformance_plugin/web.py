"""The handler of HTTP requests: it answers by the steps of its order, done one after the other."""

import hashlib
import json

from evidence import show
from mattermost_plugin.grpc.hooks_http_pb2 import ServeHTTPRequestInit


def serve_http(plugin, _context, writer, request):
    """Answer an HTTP request; a word that is no step is an order."""
    saw = {field.name: getattr(request, field.name) for field in ServeHTTPRequestInit.DESCRIPTOR.fields}
    line, word, rest = plugin.obey("ServeHTTP", request.get_header("X-Conformance"), saw)
    body, length = hashlib.sha256(), 0
    for step in json.loads(rest) if word == "answer" else ():
        word, _, rest = step.partition(" ")
        first, _, text = rest.partition(" ")
        if word == "status":
            writer.write_header(int(rest))
        elif word == "header":
            writer.add_header(first, text)
        elif word == "write":
            writer.write(text * int(first))
        elif word == "flush":
            writer.flush()
        elif word in ("read", "echo"):
            end = length + int(rest or 2**62)
            for piece in request.stream():
                body.update(piece)
                length += len(piece) if word == "read" else writer.write(piece)
                if length >= end:
                    break
            else:  # it has come to its end
                show({**line, "body": {"len": length, "sha256": body.hexdigest()}})
        else:
            plugin.do(word, rest, line)
