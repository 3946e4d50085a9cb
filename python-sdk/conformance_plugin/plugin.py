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
from api_calls import call_api
from evidence import doze, seen, show
from mattermost_plugin.grpc import hooks_pb2

ORDERS = json.loads(os.environ.get("CONFORMANCE_ORDERS") or "{}")
HOOKS = hooks_pb2.DESCRIPTOR.services_by_name["PluginHooks"].methods_by_name

# Where the order stands: a path of names and of places in lists; behind `#` it goes on in the JSON that those bytes hold.
PLACES = {
    "post.message": "MessageWillBePosted MessageHasBeenPosted MessageHasBeenDeleted",
    "new_post.message": "MessageWillBeUpdated MessageHasBeenUpdated",
    "posts.0.message": "MessagesWillBeConsumed",
    "file_info.name": "FileWillBeUploaded",
    "reaction.emoji_name": "ReactionHasBeenAdded ReactionHasBeenRemoved",
    "push_notification.message": "NotificationWillBePushed",
    "email_notification.notification_json#subject": "EmailNotificationWillBeSent",
    "new_config.config_json#TeamSettings.SiteName": "ConfigurationWillBeSaved",
    "preferences.0.value": "PreferencesHaveChanged",
    "user.username": "UserHasBeenCreated UserWillLogIn UserHasLoggedIn UserHasBeenDeactivated OnSAMLLogin",
    "channel.header": "ChannelHasBeenCreated",
    "channel_member.roles": "UserHasJoinedChannel UserHasLeftChannel",
    "team_member.roles": "UserHasJoinedTeam UserHasLeftTeam",
    "args.command": "ExecuteCommand",
    "web_conn_id": "OnWebSocketConnect OnWebSocketDisconnect",
    "request.action": "WebSocketMessageHasBeenPosted",
    "event.data#": "OnPluginClusterEvent",
    "remote_cluster.display_name": " ".join(name for name in HOOKS if name.startswith("OnSharedChannels")),
    "event.user_id": "OnInstall",
}
PLACES = {name: place for place, names in PLACES.items() for name in names.split()}
MODIFIABLE = "MessageWillBePosted MessageWillBeUpdated MessagesWillBeConsumed FileWillBeUploaded NotificationWillBePushed"


class Obedient(sdk.Plugin):
    """Obeys orders; the handlers of its subclass are all the same."""

    def handle(self, name, saw):
        """Show what the handler was given, do what the order says, and return what this hook's handler returns for it."""
        text = text_at(saw, PLACES.get(name, ""))
        word, rest = self.obey(name, text, saw)
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
            values = modified(name, saw, text, answer) or values
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
        show({"conformance": 1, "hook": name, "nonce": nonce, "saw": seen(saw)})
        if word == "fail":
            raise RuntimeError(rest)
        if word == "sleep":
            doze(int(rest) / 1000, {"conformance": 1, "hook": name, "nonce": nonce, "cancelled": True})
        elif word == "exit":
            os._exit(int(rest))
        elif word == "quit":
            sys.exit(int(rest))
        elif word == "log":
            level, _, message = rest.partition(" ")
            self.logger.log({"debug": 10, "info": 20, "warn": 30, "error": 40}[level], "%s", message)
        elif word == "flood":
            for stream in (sys.stdout, sys.stderr):
                stream.write(("x" * 1023 + "\n") * (int(rest) // 1024 + 1))
                stream.flush()
        elif word == "api":
            told = call_api(self.api, *rest.split(" ", 1))
            if name == "ExecuteCommand" or "rejection_reason" in HOOKS[name].output_type.fields_by_name:
                return "reject", json.dumps(told)
            if "ok" not in told:  # a hook that can only succeed or fail gives the answer away when it is a failure
                raise RuntimeError(json.dumps(told))
        return word, rest


def text_at(values, place):
    """The text that may be an order."""
    path, in_bytes, inner = place.partition("#")
    try:
        value = walk(values, path)
        return (walk(json.loads(value), inner) if inner else value.decode()) if in_bytes else value
    except (KeyError, IndexError, ValueError):  # nothing there, or nothing that could be an order
        return ""


def walk(value, path):
    """Follow a path of names and of places in lists."""
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value[step] if isinstance(value, dict) else getattr(value, step)
    return value


def result(answer, field):
    """A field of an answer as a handler returns it."""
    value = getattr(answer, field.name)
    if field.is_repeated:
        return list(value)
    return value if field.message_type is None or answer.HasField(field.name) else None


def modified(name, saw, text, answer):
    """The values that a handler returns after it has appended to the order's text; None for hooks that modify nothing."""
    text += " [modified]"
    if name == "ConfigurationWillBeSaved":
        config = json.loads(saw["new_config"].config_json)
        config["TeamSettings"]["SiteName"] = text
        return [type(saw["new_config"])(config_json=json.dumps(config).encode())]
    if name == "EmailNotificationWillBeSent":
        texts = {**json.loads(saw["email_notification"].notification_json), "subject": text}
        content = type(answer.modified_content)
        names = content.DESCRIPTOR.fields_by_name
        return [content(**{key: texts.get(key.replace("sub_title", "subtitle"), "") for key in names})]
    if name not in MODIFIABLE.split():
        return None
    path, _, field = PLACES[name].rpartition(".")
    setattr(walk(saw, path), field, text)
    content = [saw["file_content"] + b" [modified]"] if name == "FileWillBeUploaded" else []
    return [saw[path.partition(".")[0]], *content]


def handler(name):
    """The handler of one hook; its arguments are the request's fields, less the context."""
    fields = [field.name for field in HOOKS[name].input_type.fields if field.name != "context"]
    return sdk.hook(sdk.HookName(name))(lambda self, *arguments: self.handle(name, dict(zip(fields, arguments))))


absent = {"ServeHTTP", *os.environ.get("CONFORMANCE_WITHOUT", "").split()}
ConformancePlugin = type(
    "ConformancePlugin", (Obedient,), {name.value: handler(name.value) for name in sdk.HookName if name.value not in absent}
)

if __name__ == "__main__":
    sdk.run_plugin(ConformancePlugin)
