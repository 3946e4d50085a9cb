"""An example: a Flask application at a plugin's routes, with a form, an upload of any size, and events as they happen.

It is at /plugins/com.example.webapp/ of the server that runs it. What Flask does not know the plugin does: `environ` has it.
"""

from __future__ import annotations

import hashlib
import time
from typing import Iterator

from flask import Flask, Response, request, url_for
from markupsafe import escape

from mattermost_plugin import Plugin, hook_context, run_plugin
from mattermost_plugin.wsgi import WSGIAdapter

app = Flask(__name__)

PAGE = """<!doctype html>
<title>Web app</title>
<h1>{heading}</h1>
<form method="post" action="{greet}"><input name="name"><button>Greet</button></form>
<p id="events"></p>
<script>
const events = new EventSource("{events}");
events.onmessage = (event) => document.getElementById("events").append(event.data, document.createElement("br"));
events.onerror = () => events.close();
</script>
"""


def page(heading: str) -> str:
    """The only page, under some heading."""
    values = {"heading": escape(heading), "greet": url_for("greet"), "events": url_for("events")}
    text = PAGE
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


@app.get("/")
def index() -> str:
    """The page at first."""
    return page("Hello")


@app.post("/greet")
def greet() -> str:
    """The page once its form was sent."""
    plugin: Plugin = request.environ["mattermost.plugin"]
    plugin.logger.info("a form was posted")
    return page(f"Hello, {request.form['name']}")


@app.put("/upload")
def upload() -> str:
    """No upload is too large: it is read piece by piece, and never held."""
    digest, length = hashlib.sha256(), 0
    for piece in iter(lambda: request.stream.read(64 * 1024), b""):
        digest.update(piece)
        length += len(piece)
    return f"{length} {digest.hexdigest()}\n"


@app.get("/events")
def events() -> Response:
    """Server-sent events: each leaves when it is yielded, and there are no more when the browser is closed."""
    call = hook_context()

    def ticks() -> Iterator[str]:
        for number in range(1, 11):
            if call.wait_cancelled(0.2):
                return
            yield f"data: tick {number} at {time.strftime('%X')}\n\n"

    return Response(ticks(), content_type="text/event-stream")


class WebApp(Plugin):
    """What the server starts."""

    serve_http = WSGIAdapter(app).handler()


if __name__ == "__main__":
    run_plugin(WebApp)
