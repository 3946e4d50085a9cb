"""The clients of the server's API: one for plain code, one for coroutines.

Both share one synchronous gRPC channel class: its calls can be waited for by a thread or handed to any event loop, so the async
client works on whichever loop it is used.
"""

from __future__ import annotations

import asyncio
import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple, Type

import grpc
from google.protobuf.message import Message

from mattermost_plugin._api_methods import METHODS, ApiMethods, BoundMethod
from mattermost_plugin.exceptions import convert_app_error, convert_grpc_error

if TYPE_CHECKING:
    from mattermost_plugin._async_api_methods import AsyncApiMethods
else:
    # The declarations only call `_invoke`; where that gives an awaitable, so do they.
    AsyncApiMethods = type("AsyncApiMethods", (), {name: getattr(ApiMethods, name) for name in METHODS})

__all__ = ["AsyncPluginAPIClient", "PluginAPIClient", "get_default_target"]

# Seconds after which a call is given up: as long as the host waits for a hook that makes it.
DEFAULT_CALL_TIMEOUT = 30.0

# No size limits of our own: the server has them. No proxy: the server is on this machine. No keepalive: Go servers answer
# frequent pings by closing the connection.
DEFAULT_CHANNEL_OPTIONS: Tuple[Tuple[str, Any], ...] = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)


def get_default_target() -> str:
    """Where the server's API listens, as the host told this process."""
    target = os.environ.get("MATTERMOST_PLUGIN_API_TARGET")
    if not target:
        raise RuntimeError(
            "MATTERMOST_PLUGIN_API_TARGET is not set: the server sets it for its plugins; elsewhere pass `target=`"
        )
    return target


class _Connection:
    """A channel to the API and its calls. A client is used by any number of threads at once."""

    def __init__(
        self,
        target: Optional[str] = None,
        *,
        credentials: Optional[grpc.ChannelCredentials] = None,
        options: Optional[Sequence[Tuple[str, Any]]] = None,
        timeout: float = DEFAULT_CALL_TIMEOUT,
    ) -> None:
        self._target = target if target is not None else get_default_target()
        self._credentials = credentials
        self._options = list({**dict(DEFAULT_CHANNEL_OPTIONS), **dict(options or ())}.items())
        self._timeout = timeout
        self._lock = threading.Lock()
        self._channel: Optional[grpc.Channel] = None
        self._callables: Dict[str, Any] = {}
        self._on_demand = False

    @property
    def target(self) -> str:
        """The address of the API."""
        return self._target

    @property
    def connected(self) -> bool:
        """Whether calls can be made."""
        return self._channel is not None or self._on_demand

    def connect_on_demand(self) -> None:
        """Count as connected from now on; the channel is opened by the first call. What the SDK does for a plugin's client."""
        self._on_demand = True

    def _open(self) -> None:
        if self._on_demand:  # plugins written for SDKs that left this to them
            return
        with self._lock:
            if self._channel is not None:
                raise RuntimeError("this client is connected already")
            self._channel = self._new_channel()

    def _close(self) -> None:
        with self._lock:
            channel, self._channel, self._callables = self._channel, None, {}
            self._on_demand = False
        if channel is not None:
            channel.close()

    def _new_channel(self) -> grpc.Channel:
        if self._credentials is None:
            return grpc.insecure_channel(self._target, options=self._options)
        return grpc.secure_channel(self._target, self._credentials, options=self._options)

    def _callable(self, method: BoundMethod) -> Any:
        found = self._callables.get(method.rpc_name)
        if found is not None:
            return found
        with self._lock:
            if self._channel is None:
                if not self._on_demand:
                    raise RuntimeError("this client is not connected: call connect(), or use it in a `with` block")
                self._channel = self._new_channel()
            contract = method.contract
            found = self._callables[method.rpc_name] = self._channel.unary_unary(
                contract.path,
                request_serializer=contract.request.SerializeToString,
                response_deserializer=contract.response.FromString,
            )
            return found


class PluginAPIClient(ApiMethods, _Connection):
    """The server's API. The SDK connects the one that a plugin finds as `self.api`."""

    def connect(self) -> None:
        """Open the channel; on the client that the SDK connected there is nothing left to do."""
        self._open()

    def close(self) -> None:
        """Close the channel; may be repeated."""
        self._close()

    def as_async(self) -> AsyncPluginAPIClient:
        """A client of the same server for coroutines, connected on demand."""
        client = AsyncPluginAPIClient(self._target, credentials=self._credentials, options=self._options, timeout=self._timeout)
        client.connect_on_demand()
        return client

    def __enter__(self) -> PluginAPIClient:
        self.connect()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _invoke(self, method: BoundMethod, request: Message) -> Any:
        try:
            response = self._callable(method)(request, timeout=self._timeout)
        except grpc.RpcError as error:
            raise convert_grpc_error(error) from error
        return result_of(method, response)


class AsyncPluginAPIClient(AsyncApiMethods, _Connection):
    """The same methods as awaitables, for use on any event loop."""

    async def connect(self) -> None:
        """Open the channel."""
        self._open()

    async def close(self) -> None:
        """Close the channel; may be repeated."""
        self._close()

    async def __aenter__(self) -> AsyncPluginAPIClient:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    async def _invoke(self, method: BoundMethod, request: Message) -> Any:
        loop = asyncio.get_running_loop()
        call = self._callable(method).future(request, timeout=self._timeout)
        finished = loop.create_future()

        def settle() -> None:
            if not finished.done():
                finished.set_result(None)

        def wake(_: Any) -> None:
            try:
                loop.call_soon_threadsafe(settle)
            except RuntimeError:  # the loop is closed: nobody waits any more
                return

        call.add_done_callback(wake)
        try:
            await finished
        except asyncio.CancelledError:
            call.cancel()
            raise
        try:
            response = call.result()
        except grpc.RpcError as error:
            raise convert_grpc_error(error) from error
        return result_of(method, response)


def result_of(method: BoundMethod, response: Any) -> Any:
    """What a call returns for a response; raises the error that it carries."""
    # Presence alone makes it an error: servers exist that leave the id empty.
    if response.HasField("error"):
        raise convert_app_error(response.error)
    return method.value(response)
