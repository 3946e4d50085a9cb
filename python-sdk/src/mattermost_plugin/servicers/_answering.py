"""Answers one unary hook: runs the handler, makes its value, or its failure, the response.

A failing handler is answered in band, where the contract has a place for it: an AppError, a rejection reason,
`healthy = false`, or the values that came in. The host never sees a gRPC status for something that a plugin's author did.

Invariant: a handler's exception never becomes a transport error.
"""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict

from google.protobuf.message import Message

from mattermost_plugin._contract import HookMethod, Shape
from mattermost_plugin._internal.hook_runner import HookRunner, Runnable, log_failure
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.servicers import _answers
from mattermost_plugin.servicers._answers import WrongReturnError

# What a hook without a handler answers, where that is not simply an empty response. The host asks `Implemented` and does not
# call such hooks; other callers may.
_ABSENT: Dict[str, Callable[[HookMethod, Message], Message]] = {
    "ExecuteCommand": lambda hook, request: hook.response(
        error=_answers.app_error(hook, request, "this plugin has no commands", suffix="not_implemented", status_code=501)
    ),
    "MessagesWillBeConsumed": _answers.unchanged,
    "OnSharedChannelsPing": lambda hook, request: hook.response(healthy=True),
}

# What a failing handler is answered with, by shape.
_FAILED: Dict[Shape, Callable[[HookMethod, Message, str], Message]] = {
    Shape.NOTIFY: lambda hook, request, text: hook.response(),
    Shape.FALLIBLE: lambda hook, request, text: hook.response(error=_answers.app_error(hook, request, text)),
    Shape.FILTER: lambda hook, request, text: hook.response(rejection_reason=f"Plugin error: {text}"),
    Shape.TRANSFORM: lambda hook, request, text: _answers.unchanged(hook, request),
    Shape.QUERY: lambda hook, request, text: hook.response(),
}

_logger = logging.getLogger("mattermost_plugin.hooks")


class Answering:
    """Answers one hook for which the plugin has no handler."""

    def __init__(self, hook: HookMethod, plugin: Plugin) -> None:
        self.hook = hook
        self.parse: Callable[[bytes], Any] = hook.request.FromString
        self._plugin = plugin

    async def __call__(self, wire: bytes) -> Message:
        """The response to a request; DecodeError when the bytes are none."""
        request = self.parse(wire)
        if self.hook.name == "Implemented":
            return self.hook.response(hooks=self._plugin.implemented_hooks())
        absent = _ABSENT.get(self.hook.name)
        return absent(self.hook, request) if absent else self.hook.response()


class Handling(Answering):
    """Answers one hook by its handler."""

    def __init__(self, hook: HookMethod, plugin: Plugin, runnable: Runnable, runner: HookRunner) -> None:
        super().__init__(hook, plugin)
        self._runner = runner
        self._runnable = runnable
        self._take = hook.handler_arguments
        self._respond = _answers.responder(hook)
        self._can_edit = hook.can_edit

    async def __call__(self, wire: bytes) -> Message:
        """The response to a request; DecodeError when the bytes are none."""
        request = self.parse(wire)
        value, error = await self._runner.run(self._runnable, self._take(request), request)
        if error is not None:
            log_failure(_logger, self.hook.name, error)
            return self._failed(wire, _text_of(error))
        if value is None and self._can_edit:
            return self._respond(self.hook, self._as_it_came(request, wire), None)
        try:
            answer = self._respond(self.hook, request, value)
        except Exception as wrong:  # WrongReturnError, or a text or number that no message can hold
            what = str(wrong) if isinstance(wrong, WrongReturnError) else f"returned what cannot be sent: {wrong}"
            text = f"{self.hook.name} handler {self._name()} {what}"
            _logger.error("%s", text)
            return self._failed(wire, text)
        if self._can_edit and self.hook.shape is not Shape.TRANSFORM and not answer.ByteSize():  # such as (None, "")
            self._as_it_came(request, wire)
        return answer

    def _failed(self, wire: bytes, text: str) -> Message:
        # The request is read anew: a handler may have edited it before it failed.
        return _FAILED[self.hook.shape](self.hook, self.parse(wire), text)

    def _as_it_came(self, request: Message, wire: bytes) -> Message:
        """The request before a handler that answers "unchanged" could edit it in place; tells the author if it did."""
        now = request.SerializeToString(deterministic=True)
        if now == wire:
            return request
        came: Message = self.parse(wire)  # perhaps only another way to write the same
        if now != came.SerializeToString(deterministic=True):
            _logger.warning(
                "%s handler %s changed its arguments in place, but what it returned means unchanged: the changes are lost. "
                "Return the changed %s to have them",
                self.hook.name,
                self._name(),
                _answers.name_of(self.hook.results[0]),
            )
        return came

    def _name(self) -> str:
        return f"{type(self._plugin).__name__}.{getattr(self._runnable.handler, '__name__', self.hook.name)}"


def answering(plugin: Plugin, hook: HookMethod, runner: HookRunner) -> Answering:
    """What answers a plugin's hook."""
    runnable = Runnable.of(plugin, hook.name)
    return Answering(hook, plugin) if runnable is None else Handling(hook, plugin, runnable, runner)


def _text_of(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.encode("utf-8", "backslashreplace").decode()  # a message holds no half surrogates
