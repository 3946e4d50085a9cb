"""The plugin that the conformance suite runs to judge this SDK.

Each handler first shows on stderr, in one write, what it was given; then it does what an order says that stands in its input's
text, or in the variable CONFORMANCE_ORDERS for hooks without text: `conformance NONCE WORD [REST]`.
"""

import base64
import inspect
import json
import os
import re
import sys
import time

from evidence import seen, show
from mattermost_plugin import (
    DISMISS_POST_ERROR,
    CommandResponse,
    HookName,
    Plugin,
    PluginAPIError,
    PluginKVSetOptions,
    hook,
    run_plugin,
)

ORDERS = json.loads(os.environ.get("CONFORMANCE_ORDERS") or "{}")

# The field of an API response that the client's method returns; methods that are not here return nothing.
RESULTS = {"GetServerVersion": "version", "IsEnterpriseReady": "is_enterprise_ready", "GetPluginID": "plugin_id"}
RESULTS |= {"KVGet": "value", "KVList": "keys", "KVSetWithOptions": "success"}
RESULTS |= {"KVCompareAndSet": "success", "KVCompareAndDelete": "success"}


class ConformancePlugin(Plugin):
    """Obeys orders."""

    @hook(HookName.OnActivate)
    def on_activate(self):
        return self.refusal(*self.obey("OnActivate"))

    @hook(HookName.OnDeactivate)
    def on_deactivate(self):
        self.obey("OnDeactivate")

    @hook(HookName.OnConfigurationChange)
    def on_configuration_change(self):
        self.obey("OnConfigurationChange")

    @hook(HookName.MessageWillBePosted)
    def message_will_be_posted(self, plugin_context, post):
        word, rest = self.obey("MessageWillBePosted", post.message, plugin_context=plugin_context, post=post)
        if word == "modify":
            post.message += " [modified]"
            return post, ""
        if word == "dismiss":
            return None, DISMISS_POST_ERROR
        return (None, rest) if word == "reject" else None

    @hook(HookName.MessageHasBeenPosted)
    def message_has_been_posted(self, plugin_context, post):
        self.obey("MessageHasBeenPosted", post.message, plugin_context=plugin_context, post=post)

    @hook(HookName.ExecuteCommand)
    def execute_command(self, plugin_context, args):
        word, rest = self.obey("ExecuteCommand", args.command, plugin_context=plugin_context, args=args)
        texts = {"modify": f"{args.command} [modified]", "reject": rest}
        return CommandResponse(response_type="ephemeral", text=texts.get(word, args.command))

    @hook(HookName.UserWillLogIn)
    def user_will_log_in(self, plugin_context, user):
        word, rest = self.obey("UserWillLogIn", user.username, plugin_context=plugin_context, user=user)
        return rest if word == "reject" else None

    @hook(HookName.OnSharedChannelsPing)
    def on_shared_channels_ping(self, remote_cluster):
        word, _ = self.obey("OnSharedChannelsPing", remote_cluster=remote_cluster)
        return word != "reject"

    @hook(HookName.RunDataRetention)
    def run_data_retention(self, now_time, batch_size):
        return 0, self.refusal(*self.obey("RunDataRetention", now_time=now_time, batch_size=batch_size))

    @hook(HookName.GenerateSupportData)
    def generate_support_data(self, plugin_context):
        return [], self.refusal(*self.obey("GenerateSupportData", plugin_context=plugin_context))

    def refusal(self, word, rest):
        return rest if word == "reject" else None

    def obey(self, name, text="", **saw):
        """Show what the handler saw, do what can be done here; the handler answers by the word and the rest."""
        order = (text if text.startswith("conformance ") else ORDERS.get(name, "")).split(" ", 3)
        _, nonce, word, rest = order + [""] * (4 - len(order))
        show({"conformance": 1, "hook": name, "nonce": nonce, "saw": seen(saw)})
        if word == "fail":
            raise RuntimeError(rest)
        if word == "sleep":
            time.sleep(int(rest) / 1000)
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
        elif word == "env":
            return "reject", json.dumps({"ok": {key: os.environ.get(key) for key in rest.split()}})
        elif word == "api":
            answer = self.call_api(*rest.split(" ", 1))
            # A hook that can only succeed or fail gives the answer away when it is a failure.
            return ("reject" if text or "ok" not in answer else "allow"), json.dumps(answer)
        return word, rest

    def call_api(self, rpc, request="{}"):
        """Call the client's method for an RPC, the request and the answer being JSON with the contract's field names."""
        method = getattr(self.api, re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", rpc).lower(), None)
        if method is None:
            return {"unmapped": rpc}
        required = [name for name, item in inspect.signature(method).parameters.items() if item.default is item.empty]
        arguments = {**dict.fromkeys(required), **from_json(json.loads(request))}
        if "options" in arguments:
            arguments["options"] = PluginKVSetOptions(**from_json(arguments["options"]))
        if rpc.startswith("Log"):
            pairs = {pair["key"]: pair["value"] for pair in arguments.get("key_value_pairs", [])}
            arguments = {"message": arguments["msg"], **pairs}
        try:
            value = method(**arguments)
        except PluginAPIError as error:
            return {"error": {"id": error.error_id, "status_code": error.status_code, "message": error.message}}
        value = base64.b64encode(value).decode() if isinstance(value, bytes) else value
        return {"ok": {RESULTS[rpc]: value} if value else {}}  # as on the wire: what is empty is not there


def from_json(fields):
    """The fields of a request; bytes are base64 in JSON."""
    for name, item in fields.items():
        if name in ("value", "old_value", "new_value"):
            fields[name] = base64.b64decode(item)
    return fields


if __name__ == "__main__":
    run_plugin(ConformancePlugin)
