"""The API's methods: one declaration each, bound to the contract by the name of the RPC.

A declaration says what the descriptor cannot: the Python name, the order of parameters, defaults, and which response field is
the result. Parameters carry the names of the request's fields; where one does not, the decorator says which field it fills. The
body is never run: `rpc` replaces it by the one generic call.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Dict, List, Optional, TypeVar, cast

from google.protobuf.message import Message

from mattermost_plugin import _contract, _convert
from mattermost_plugin._internal.wrappers import PluginKVSetOptions

F = TypeVar("F", bound=Callable[..., Any])


class BoundMethod:
    """One API method: how Python arguments become its request, and its response becomes a Python value."""

    def __init__(self, rpc_name: str, result: Optional[str], renamed: Dict[str, str], declaration: Callable[..., Any]) -> None:
        self.rpc_name = rpc_name
        self.result = result
        self.renamed = renamed
        self.declaration = declaration

    @functools.cached_property
    def contract(self) -> _contract.ApiMethod:
        """The method's row in the contract."""
        return _contract.api_method(self.rpc_name)

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The declared signature, `self` included."""
        return inspect.signature(self.declaration)

    def request(self, client: Any, args: Any, kwargs: Any) -> Message:
        """The request for one call."""
        bound = self.signature.bind(client, *args, **kwargs)
        bound.apply_defaults()
        values = {self.renamed.get(name, name): value for name, value in list(bound.arguments.items())[1:]}
        message = self.contract.request()
        pairs = values.pop("key_value_pairs", None)
        if pairs:
            values["key_value_pairs"] = [{"key": key, "value": _convert.to_value(value)} for key, value in pairs.items()]
        _convert.fill(message, values)
        return message

    def value(self, response: Message) -> Any:
        """What the call returns."""
        if self.result is None:
            return None
        value = _convert.get_field(response, _contract.fields_of(response)[self.result])
        # The wire cannot tell an absent value from an empty one; a missing key is the common case.
        return None if value == b"" else value


# Every declared method by its Python name, in order of declaration.
METHODS: Dict[str, BoundMethod] = {}


def rpc(rpc_name: str, result: Optional[str] = None, **renamed: str) -> Callable[[F], F]:
    """Bind a declaration to an RPC; `renamed` maps parameters to request fields of other names."""

    def declare(declaration: F) -> F:
        method = BoundMethod(rpc_name, result, renamed, declaration)
        METHODS[declaration.__name__] = method

        @functools.wraps(declaration)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return self._invoke(method, method.request(self, args, kwargs))

        return cast(F, call)

    return declare


class ApiMethods:
    """What plugins can ask of the server. Every method raises PluginAPIError, or one of its kinds, when it fails."""

    # Server

    @rpc("GetServerVersion", "version")
    def get_server_version(self) -> str:
        """The server's version, such as `10.5.0`."""

    @rpc("IsEnterpriseReady", "is_enterprise_ready")
    def is_enterprise_ready(self) -> bool:
        """Whether the server is built with the enterprise features."""

    @rpc("GetPluginID", "plugin_id")
    def get_plugin_id(self) -> str:
        """The id of this plugin."""

    # Logging

    @rpc("LogDebug", message="msg", fields="key_value_pairs")
    def log_debug(self, message: str, **fields: Any) -> None:
        """Write to the server's log at level debug; `fields` become structured values beside the message."""

    @rpc("LogInfo", message="msg", fields="key_value_pairs")
    def log_info(self, message: str, **fields: Any) -> None:
        """Write to the server's log at level info."""

    @rpc("LogWarn", message="msg", fields="key_value_pairs")
    def log_warn(self, message: str, **fields: Any) -> None:
        """Write to the server's log at level warn."""

    @rpc("LogError", message="msg", fields="key_value_pairs")
    def log_error(self, message: str, **fields: Any) -> None:
        """Write to the server's log at level error."""

    # Key-value store, one per plugin

    @rpc("KVSet")
    def kv_set(self, key: str, value: bytes) -> None:
        """Store a value; an empty one deletes the key."""

    @rpc("KVGet", "value")
    def kv_get(self, key: str) -> Optional[bytes]:
        """The value of a key, or None."""

    @rpc("KVDelete")
    def kv_delete(self, key: str) -> None:
        """Delete a key; it need not exist."""

    @rpc("KVDeleteAll")
    def kv_delete_all(self) -> None:
        """Delete every key of this plugin."""

    @rpc("KVList", "keys")
    def kv_list(self, *, page: int = 0, per_page: int = 100) -> List[str]:
        """One page of this plugin's keys."""

    @rpc("KVSetWithExpiry")
    def kv_set_with_expiry(self, key: str, value: bytes, expire_in_seconds: int) -> None:
        """Store a value that goes away by itself."""

    @rpc("KVCompareAndSet", "success")
    def kv_compare_and_set(self, key: str, old_value: Optional[bytes], new_value: bytes) -> bool:
        """Store `new_value` if the key holds `old_value` (None: if it does not exist); False if it does not."""

    @rpc("KVCompareAndDelete", "success")
    def kv_compare_and_delete(self, key: str, old_value: bytes) -> bool:
        """Delete a key if it holds `old_value`; False if it does not."""

    @rpc("KVSetWithOptions", "success")
    def kv_set_with_options(self, key: str, value: bytes, options: PluginKVSetOptions) -> bool:
        """Store as `options` say; False if an atomic store found another value."""

    # WebSocket

    @rpc("PublishWebSocketEvent")
    def publish_web_socket_event(self, event: str, payload: Dict[str, Any], broadcast: Dict[str, Any]) -> None:
        """Send `custom_<plugin id>_<event>` to the clients that `broadcast` names: fields of WebsocketBroadcast, {} = all."""
