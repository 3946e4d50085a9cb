"""The clients of the server's API: one for plain code, one for coroutines.

Both share one synchronous gRPC channel class: its calls can be waited for by a thread or handed to any event loop, so the async
client works on whichever loop it is used.
"""

from __future__ import annotations

import asyncio
import copy
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple, Type, TypeVar

import grpc
from google.protobuf.message import Message

from mattermost_plugin._api_channel import ApiChannel
from mattermost_plugin._api_metadata import Metadata, authorization, with_request_id
from mattermost_plugin._api_methods import BoundMethod
from mattermost_plugin._api_table import EmojiImage, PluginHTTPResponse
from mattermost_plugin.exceptions import convert_app_error, convert_grpc_error

if TYPE_CHECKING:
    from mattermost_plugin._async_api_methods import AsyncApiMethods
    from mattermost_plugin._plain_api_methods import ApiMethods
else:
    from mattermost_plugin._api_methods import ApiMethods, AsyncApiMethods

__all__ = ["AsyncPluginAPIClient", "EmojiImage", "PluginAPIClient", "PluginHTTPResponse", "get_default_target"]

# Seconds after which a call is given up: as long as the host waits for a hook that makes it.
DEFAULT_CALL_TIMEOUT = 30.0

C = TypeVar("C", bound="_Client")


def get_default_target() -> str:
    """Where the server's API listens, as the host told this process."""
    target = os.environ.get("MATTERMOST_PLUGIN_API_TARGET")
    if not target:
        raise RuntimeError(
            "MATTERMOST_PLUGIN_API_TARGET is not set: the server sets it for its plugins; elsewhere pass `target=`"
        )
    return target


class _Client:
    """What both clients share. A client is used by any number of threads at once."""

    def __init__(
        self,
        target: Optional[str] = None,
        *,
        credentials: Optional[grpc.ChannelCredentials] = None,
        options: Optional[Sequence[Tuple[str, Any]]] = None,
        timeout: float = DEFAULT_CALL_TIMEOUT,
        wait_for_ready: bool = False,
        metadata: Metadata = (),
        token: Optional[str] = None,
    ) -> None:
        self._connection = ApiChannel(target if target is not None else get_default_target(), credentials, options)
        self._timeout = timeout
        self._wait_for_ready = wait_for_ready
        self._authorization = authorization(token)
        self._metadata: Metadata = (*self._authorization, *metadata)

    @property
    def target(self) -> str:
        """The address of the API."""
        return self._connection.target

    @property
    def connected(self) -> bool:
        """Whether calls can be made."""
        return self._connection.connected

    def connect_on_demand(self) -> None:
        """Count as connected from now on; the channel is opened by the first call. What the SDK does for a plugin's client."""
        self._connection.on_demand = True

    def with_options(
        self: C,
        *,
        timeout: Optional[float] = None,
        wait_for_ready: Optional[bool] = None,
        metadata: Optional[Metadata] = None,
    ) -> C:
        """The same client with other settings for the calls that are made by it; both share one connection.

        `timeout` is in seconds; `wait_for_ready` lets calls wait, within it, for a server that is not there yet; `metadata` is
        sent along.
        """
        other = copy.copy(self)
        if timeout is not None:
            other._timeout = timeout
        if wait_for_ready is not None:
            other._wait_for_ready = wait_for_ready
        if metadata is not None:
            other._metadata = (*self._authorization, *metadata)
        return other

    def _how(self) -> Dict[str, Any]:
        """How a call is made that begins now."""
        metadata = with_request_id(self._metadata)
        return {"timeout": self._timeout, "metadata": metadata, "wait_for_ready": self._wait_for_ready or None}


class PluginAPIClient(_Client, ApiMethods):
    """The server's API. The SDK connects the one that a plugin finds as `self.api`."""

    def connect(self) -> None:
        """Open the channel; on the client that the SDK connected there is nothing left to do."""
        self._connection.open()

    def close(self) -> None:
        """Close the channel; may be repeated."""
        self._connection.close()

    def as_async(self) -> AsyncPluginAPIClient:
        """A client of the same server for coroutines, connected on demand."""
        client = AsyncPluginAPIClient(self.target, timeout=self._timeout, wait_for_ready=self._wait_for_ready)
        client._connection = self._connection.another()
        client._authorization, client._metadata = self._authorization, self._metadata
        return client

    def __enter__(self) -> PluginAPIClient:
        self.connect()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def _invoke(self, method: BoundMethod, request: Message) -> Any:
        call = self._connection.callables.get(method.rpc_name) or self._connection.callable(method)
        try:
            response = call(request, **self._how())
        except grpc.RpcError as error:
            raise convert_grpc_error(error) from error
        return result_of(method, response)


class AsyncPluginAPIClient(_Client, AsyncApiMethods):
    """The same methods as awaitables, for use on any event loop."""

    async def connect(self) -> None:
        """Open the channel."""
        self._connection.open()

    async def close(self) -> None:
        """Close the channel; may be repeated."""
        self._connection.close()

    async def __aenter__(self) -> AsyncPluginAPIClient:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    async def _invoke(self, method: BoundMethod, request: Message) -> Any:
        loop = asyncio.get_running_loop()
        callable_ = self._connection.callables.get(method.rpc_name) or self._connection.callable(method)
        call = callable_.future(request, **self._how())
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
        except grpc.FutureCancelledError:  # the client was closed meanwhile
            raise convert_grpc_error(call) from None
        return result_of(method, response)


def result_of(method: BoundMethod, response: Any) -> Any:
    """What a call returns for a response; raises the error that it carries."""
    # Presence alone makes it an error: servers exist that leave the id empty.
    if response.HasField("error"):
        raise convert_app_error(response.error)
    return method.value(response)
