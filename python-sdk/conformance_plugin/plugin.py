"""The plugin that the conformance suite runs to judge this SDK.

Each handler first shows on stderr, in one write, what it was given; then it does what an order says that stands in its input's
text, or in the variable CONFORMANCE_ORDERS for hooks without text: `conformance NONCE WORD [REST]`.
"""

import json
import os
import sys

from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

import mattermost_plugin as sdk
from api_calls import argument, call_api
from evidence import doze, seen, show
from mattermost_plugin.grpc import hooks_pb2
from web import serve_http

ORDERS = json.loads(os.environ.get("CONFORMANCE_ORDERS") or "{}")
HOOKS = hooks_pb2.DESCRIPTOR.services_by_name["PluginHooks"].methods_by_name

# The order stands in the first of these places that the request has. Behind `#` it goes on in the JSON of those bytes.
PLACES = """remote_cluster.display_name new_post.message post.message posts.0.message file_info.name reaction.emoji_name
push_notification.message email_notification.notification_json#subject new_config.config_json#TeamSettings.SiteName
preferences.0.value channel_member.roles team_member.roles user.username channel.header args.command request.action web_conn_id
event.data# event.user_id"""


class Obedient(sdk.Plugin):
    """Obeys orders; the handlers of its subclass are all the same."""

    def handle(self, name, saw):
        """Show what the handler was given, do what the order says, and return what this hook's handler returns for it."""
        place = next((place for place in PLACES.split() if text_at(saw, place) is not None), "")
        text = text_at(saw, place) or ""
        _, word, rest = self.obey(name, text, saw)
        answer = GetMessageClass(HOOKS[name].output_type)()
        results = [field for field in answer.DESCRIPTOR.fields if field.name not in ("error", "rejection_reason")]
        values, reason = [None] * len(results), rest if word == "reject" else None
        if word == "answer":
            ParseDict(json.loads(rest), answer)
            values = [result(answer, field) for field in results]
        elif name == "ExecuteCommand":
            texts = {"modify": f"{text} [modified]", "reject": rest}
            values = [sdk.CommandResponse(response_type="ephemeral", text=texts.get(word, text))]
        elif name == "OnSharedChannelsPing":
            values = [word != "reject"]
        elif name == "MessagesWillBeConsumed" and word == "dismiss":
            values = [saw["posts"][1:]]
        elif word == "modify":
            values = modified(name, saw, place, text, answer) or values
        elif word == "dismiss":
            reason = sdk.DISMISS_POST_ERROR
        if not answer.DESCRIPTOR.fields:
            return None
        if {"error", "rejection_reason"}.isdisjoint(answer.DESCRIPTOR.fields_by_name) or name == "ExecuteCommand":
            return values[0]
        return (*values, reason) if values else reason

    def obey(self, name, text, saw):
        """Show what the handler saw, do what can be done here; the handler answers by the word and the rest."""
        order = (text if text.startswith("conformance ") else ORDERS.get(name, "")).split(" ", 3)
        _, nonce, word, rest = order + [""] * (4 - len(order))
        line = {"conformance": 1, "hook": name, "nonce": nonce}
        show({**line, "saw": seen(saw)})
        return (line, *self.do(word, rest, line))

    def do(self, word, rest, line):
        """Do what an order says, as far as all hooks do the same."""
        if word == "fail":
            raise RuntimeError(rest)
        if word == "sleep":
            doze(int(rest) / 1000, {**line, "cancelled": True})
        elif word in ("exit", "quit"):
            (os._exit if word == "exit" else sys.exit)(int(rest))
        elif word == "log":
            self.logger.log({"d": 10, "i": 20, "w": 30, "e": 40}[rest[0]], "%s", rest.partition(" ")[2])  # by its first letter
        elif word == "flood":
            for stream in (sys.stdout, sys.stderr):
                print(("x" * 1023 + "\n") * (int(rest) // 1024 + 1), end="", file=stream, flush=True)
        elif word == "api":
            told = call_api(self.api, *rest.split(" ", 1))
            if line["hook"] == "ExecuteCommand" or "rejection_reason" in HOOKS[line["hook"]].output_type.fields_by_name:
                return "reject", json.dumps(told)
            if "ok" not in told:  # a hook that can only succeed or fail gives the answer away when it is a failure
                raise RuntimeError(json.dumps(told))
        return word, rest


def text_at(values, place):
    """The text that may be an order; none where there is no such place."""
    path, in_bytes, inner = place.partition("#")
    try:
        value = walk(values, path)
        return (walk(json.loads(value), inner) if inner else value.decode()) if in_bytes else value
    except (AttributeError, KeyError, IndexError, ValueError):  # nothing there, or nothing that could be an order
        return None


def walk(value, path):
    """Follow a path of names and of places in lists."""
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step] if isinstance(value, dict) else getattr(value, step)
    return value


def result(answer, field):
    """A field of an answer as a handler returns it."""
    value = argument(answer, field)
    return list(value) if field.is_repeated else value


def modified(name, saw, place, text, answer):
    """The values that a handler returns after it has appended to the order's text; None for hooks that modify nothing."""
    text += " [modified]"
    if name == "ConfigurationWillBeSaved":
        config = json.loads(saw["new_config"].config_json)
        config["TeamSettings"]["SiteName"] = text
        return [type(saw["new_config"])(config_json=json.dumps(config).encode())]
    if name == "EmailNotificationWillBeSent":
        texts = {**json.loads(saw["email_notification"].notification_json), "subject": text}
        names = answer.modified_content.DESCRIPTOR.fields_by_name
        return [type(answer.modified_content)(**{key: texts.get(key.replace("sub_title", "subtitle"), "") for key in names})]
    if not any(field.startswith(("modified", "posts")) for field in answer.DESCRIPTOR.fields_by_name):
        return None
    path, _, field = place.rpartition(".")
    setattr(walk(saw, path), field, text)
    content = [saw["file_content"] + b" [modified]"] if name == "FileWillBeUploaded" else []
    return [saw[path.partition(".")[0]], *content]


def handler(name):
    """The handler of one hook; its arguments are the request's fields, less the context."""
    fields = [field.name for field in HOOKS[name].input_type.fields if field.name != "context"]
    return sdk.hook(sdk.HookName(name))(lambda self, *arguments: self.handle(name, dict(zip(fields, arguments))))


handlers = {name.value: handler(name.value) for name in sdk.HookName if name != "ServeHTTP"}
handlers["ServeHTTP"] = sdk.hook(sdk.HookName.ServeHTTP, stream=True)(serve_http)
present = sorted(handlers.keys() - os.environ.get("CONFORMANCE_WITHOUT", "").split())
ConformancePlugin = type("ConformancePlugin", (Obedient,), {name: handlers[name] for name in present})

if __name__ == "__main__":
    sdk.run_plugin(ConformancePlugin)
