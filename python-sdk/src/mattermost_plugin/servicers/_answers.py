"""From what a handler returns to the hook's response. Pure: no threads, no logging, no gRPC.

A value that does not fit raises WrongReturnError, whose text says what the hook expects.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple, Type

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mattermost_plugin import _convert
from mattermost_plugin._contract import HookMethod, Shape, is_repeated, message_class
from mattermost_plugin.grpc.common_pb2 import AppError

# As the reason of MessageWillBePosted: drop the post without a word to its author.
DISMISS_POST_ERROR = "plugin.message_will_be_posted.dismiss_post"

# Hooks whose handlers' values mean nothing, although the contract has an error for them.
VALUE_IGNORED = frozenset({"OnDeactivate", "OnConfigurationChange"})
# Where a handler refuses by a returned error, the id of that error, if it is not the usual one.
REFUSAL_SUFFIX = {"ConfigurationWillBeSaved": "rejected"}


class WrongReturnError(TypeError):
    """A handler returned what its hook cannot answer with."""

    def __init__(self, value: Any, expected: str) -> None:
        super().__init__(f"returned {_kind_of(value)}; expected {expected}")


def responder(hook: HookMethod) -> Callable[[HookMethod, Any, Any], Message]:
    """What makes a handler's value the response of that hook; WrongReturnError when it cannot be one."""
    return _BY_SHAPE[hook.shape]


def unchanged(hook: HookMethod, request: Any) -> Message:
    """The response of a transforming hook that leaves everything as it came."""
    name = hook.results[0].name
    return hook.response(**{name: getattr(request, name)})


def app_error(hook: HookMethod, request: Any, message: str, *, suffix: str = "error", status_code: int = 500) -> AppError:
    """An AppError in the name of the hook's handler."""
    return AppError(
        id=f"{hook.error_id}.{suffix}",
        message=message,
        request_id=request.context.request_id,
        status_code=status_code,
        where=hook.name,
    )


def _notify(hook: HookMethod, request: Any, value: Any) -> Message:
    return hook.response()


def _query(hook: HookMethod, request: Any, value: Any) -> Message:
    return hook.response(**{hook.results[0].name: True if value is None else bool(value)})


def _transform(hook: HookMethod, request: Any, value: Any) -> Message:
    if value is None:
        return unchanged(hook, request)
    field = hook.results[0]
    return hook.response(**{field.name: _messages(value, field, f"None or a list of {name_of(field)}")})


def _filter(hook: HookMethod, request: Any, value: Any) -> Message:
    if value is None:
        return hook.response()
    expected = _filter_expectation(hook)
    parts: Dict[str, Any] = {}
    reason: Any = None
    if isinstance(value, str):
        reason = value
    elif isinstance(value, tuple) and hook.results and len(value) == len(hook.results) + 1:
        parts = {field.name: part for field, part in zip(hook.results, value)}
        reason = value[-1]
    elif isinstance(value, tuple) and hook.results and len(value) == 2:
        parts = {hook.results[0].name: value[0]}
        if isinstance(value[1], bytes) and len(hook.results) > 1:
            parts[hook.results[1].name] = value[1]
        else:
            reason = value[1]
    elif isinstance(value, bytes) and len(hook.results) > 1:
        parts = {hook.results[1].name: value}
    elif hook.results and not isinstance(value, tuple):
        parts = {hook.results[0].name: value}
    else:
        raise WrongReturnError(value, expected)
    if reason is not None and not isinstance(reason, str):
        raise WrongReturnError(value, expected)
    if reason:  # a refusal carries no modified values
        return hook.response(rejection_reason=reason)
    answer = hook.response()
    for field in hook.results:
        part = parts.get(field.name)
        if part is None:
            continue
        try:
            _set_modified(answer, field, part)
        except TypeError:
            raise WrongReturnError(value, expected) from None
    return answer


def _set_modified(answer: Message, field: FieldDescriptor, part: Any) -> None:
    if field.message_type is None:
        setattr(answer, field.name, part)
    else:  # no dicts here: a post of a few fields would wipe out all others
        getattr(answer, field.name).CopyFrom(_convert.to_message(part, message_class(field.message_type), from_dict=False))


def _filter_expectation(hook: HookMethod) -> str:
    if not hook.results:
        return "None (allow) or a str (the reason for the refusal)"
    names = [name_of(field) for field in hook.results]
    pair = ", ".join(f"{name} or None" for name in names)
    return f"None (allow), {_article(names[0])}, a str (the reason for the refusal) or the tuple ({pair}, reason)"


def _fallible(hook: HookMethod, request: Any, value: Any) -> Message:
    if hook.name in VALUE_IGNORED:
        return hook.response()
    if isinstance(value, (BaseException, AppError)):
        return hook.response(error=_refusal(hook, request, value))
    if not hook.results:
        # Any other value means success: authors return True, or whatever their last call gave.
        return hook.response(error=_refusal(hook, request, value)) if isinstance(value, str) and value else hook.response()
    field = hook.results[0]
    result, refusal = _result_and_refusal(field, value)
    answer = hook.response(error=_refusal(hook, request, refusal)) if refusal else hook.response()
    if result is not None:
        _set_result(answer, field, result, value)
    return answer


def _result_and_refusal(field: FieldDescriptor, value: Any) -> Tuple[Any, Any]:
    """Split `(result, error)`; a list of two files is no such pair."""
    if isinstance(value, tuple) and len(value) == 2:
        refusal = value[1]
        if refusal is None or isinstance(refusal, (str, BaseException, AppError)):
            return value[0], refusal
    return value, None


def _set_result(answer: Any, field: FieldDescriptor, result: Any, value: Any) -> None:
    if is_repeated(field):
        expected = f"None, a list of {name_of(field)} or the tuple (list, error or None)"
        getattr(answer, field.name).extend(_messages(result, field, expected, value))
    elif field.message_type is not None:
        expected = (
            f"None, {_article(name_of(field))} (or a dict of its fields) or the tuple ({name_of(field)} or None, error or None)"
        )
        try:
            _convert.set_field(answer, field, result)
        except (TypeError, ValueError) as error:
            raise WrongReturnError(value, f"{expected} ({error})") from None
    elif isinstance(result, int) and not isinstance(result, bool):
        setattr(answer, field.name, result)
    else:
        raise WrongReturnError(value, "None, an int or the tuple (int, error or None)")


def _messages(items: Any, field: FieldDescriptor, expected: str, value: Any = None) -> List[Message]:
    whole = items if value is None else value
    if not isinstance(items, (list, tuple)):
        raise WrongReturnError(whole, expected)
    kind: Type[Message] = message_class(field.message_type)
    try:
        return [_convert.to_message(item, kind, from_dict=False) for item in items]
    except TypeError as error:
        raise WrongReturnError(whole, f"{expected} ({error})") from None


def _refusal(hook: HookMethod, request: Any, error: Any) -> AppError:
    if isinstance(error, AppError):
        return error
    text = str(error) or type(error).__name__
    return app_error(hook, request, text, suffix=REFUSAL_SUFFIX.get(hook.name, "error"))


def name_of(field: FieldDescriptor) -> str:
    return field.message_type.name if field.message_type is not None else "bytes"


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _kind_of(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        inner: Sequence[str] = [type(item).__name__ for item in value]
        return f"{type(value).__name__} ({', '.join(inner)})"
    return type(value).__name__


_Answer = Callable[[HookMethod, Any, Any], Message]
_BY_SHAPE: Dict[Shape, _Answer] = {
    Shape.NOTIFY: _notify,
    Shape.FALLIBLE: _fallible,
    Shape.FILTER: _filter,
    Shape.TRANSFORM: _transform,
    Shape.QUERY: _query,
}
