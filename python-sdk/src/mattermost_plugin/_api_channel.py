"""The connection to the server's API: its channel, how that is set up, and which calls it makes again.

A call that fails with UNAVAILABLE is made again, at most three times within its deadline, if it is one that changes nothing: a
method that `_api_table.reads` knows as reading. Of other calls nobody can tell whether the server acted on them; gRPC repeats
these only when it knows by itself that they never reached the server's code.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Dict, Optional, Sequence, Tuple

import grpc

from mattermost_plugin import _contract
from mattermost_plugin._api_methods import BoundMethod
from mattermost_plugin._api_table import reads

# What may be sent in one message. Hosts of this contract expect SDKs to send 100 MiB; the one of this repository takes a little
# more (`MAX_MESSAGE` in proto/src/codec.rs; a test compares them), so that larger messages are refused here, with nothing
# sent: a server would break the connection in the midst of them.
MAX_SENT = 100 * 1024 * 1024
# What may be received: whatever a message can be, as the server has decided to send it. Without any limit the end of a length
# that none can have would be waited for.
MAX_RECEIVED = 2**31 - 1

# Seconds until an attempt to connect is made again after failures; the server is on this machine.
RECONNECT_AFTER = (0.1, 1.0)

RETRIES = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def service_config() -> str:
    """What gRPC is told about calls: which of them to make again."""
    again = [{"service": _contract.API_SERVICE_NAME, "method": name} for name in _contract.API_NAMES if reads(name)]
    return json.dumps({"methodConfig": [{"name": again, "retryPolicy": RETRIES}]})


def default_options() -> Dict[str, Any]:
    """The options of a channel. No proxy, and no keepalive: Go servers answer frequent pings by closing the connection."""
    first, longest = (int(seconds * 1000) for seconds in RECONNECT_AFTER)
    return {
        "grpc.max_send_message_length": MAX_SENT,
        "grpc.max_receive_message_length": MAX_RECEIVED,
        "grpc.enable_http_proxy": 0,
        "grpc.initial_reconnect_backoff_ms": first,
        "grpc.max_reconnect_backoff_ms": longest,
        "grpc.service_config": service_config(),
    }


def host_name(target: str) -> Dict[str, Any]:
    """What a server behind a socket is called: gRPC would take the escaped path, which HTTP/2 servers refuse as no name."""
    return {"grpc.default_authority": "localhost"} if target.startswith(("unix:", "unix-abstract:")) else {}


class ApiChannel:
    """A channel to the API and its calls, for any number of threads at once."""

    def __init__(
        self,
        target: str,
        credentials: Optional[grpc.ChannelCredentials] = None,
        options: Optional[Sequence[Tuple[str, Any]]] = None,
    ) -> None:
        self.target = target
        self._credentials = credentials
        self._options = options
        self._lock = threading.Lock()
        self._channel: Optional[grpc.Channel] = None
        self.callables: Dict[str, Any] = {}
        self.on_demand = False

    @property
    def connected(self) -> bool:
        """Whether calls can be made."""
        return self._channel is not None or self.on_demand

    def another(self) -> ApiChannel:
        """A channel of its own to the same server, connected on demand."""
        made = ApiChannel(self.target, self._credentials, self._options)
        made.on_demand = True
        return made

    def open(self) -> None:
        """Open the channel."""
        if self.on_demand:  # plugins written for SDKs that left this to them
            return
        with self._lock:
            if self._channel is not None:
                raise RuntimeError("this client is connected already")
            self._channel = self._made()

    def close(self) -> None:
        """Close the channel; may be repeated."""
        with self._lock:
            channel, self._channel, self.callables = self._channel, None, {}
            self.on_demand = False
        if channel is not None:
            channel.close()

    def callable(self, method: BoundMethod) -> Any:
        """What makes calls of a method."""
        with self._lock:
            if self._channel is None:
                if not self.on_demand:
                    raise RuntimeError("this client is not connected: call connect(), or use it in a `with` block")
                self._channel = self._made()
            contract = method.contract
            found = self.callables[method.rpc_name] = self._channel.unary_unary(
                contract.path,
                request_serializer=contract.request.SerializeToString,
                response_deserializer=contract.response.FromString,
            )
            return found

    def _made(self) -> grpc.Channel:
        options = list({**default_options(), **host_name(self.target), **dict(self._options or ())}.items())
        if self._credentials is None:
            return grpc.insecure_channel(self.target, options=options)
        return grpc.secure_channel(self.target, self._credentials, options=options)
