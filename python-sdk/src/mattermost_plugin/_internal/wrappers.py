"""The wrappers of the contract's messages, made when first used. Their types stand in the stub that scripts/types writes."""

from __future__ import annotations

from typing import Any, Dict, List, Union

from google.protobuf.descriptor import Descriptor, EnumDescriptor

from mattermost_plugin._wrapping import Wrapper, enum_of, wrapper_name, wrapper_of
from mattermost_plugin.grpc import (
    api_channel_post_pb2,
    api_file_bot_pb2,
    api_kv_config_pb2,
    api_pb2,
    api_remaining_pb2,
    api_user_team_pb2,
    channel_pb2,
    common_pb2,
    file_pb2,
    post_pb2,
    team_pb2,
    user_pb2,
)

# Names that other SDKs use.
ALIASES = {"PluginInfo": "Manifest"}


def _wrapped() -> Dict[str, Union[Descriptor, EnumDescriptor]]:
    """Every message and enum of the API, by the wrapper's name, but for requests and responses."""
    rpcs = api_pb2.DESCRIPTOR.services_by_name["PluginAPI"].methods
    pairs = {f"{rpc.name}{end}" for rpc in rpcs for end in ("Request", "Response")}
    found: Dict[str, Union[Descriptor, EnumDescriptor]] = {}
    for module in (
        common_pb2, user_pb2, team_pb2, channel_pb2, post_pb2, file_pb2,
        api_user_team_pb2, api_channel_post_pb2, api_kv_config_pb2, api_file_bot_pb2, api_remaining_pb2,
    ):  # fmt: skip
        for name, message in module.DESCRIPTOR.message_types_by_name.items():
            if name not in pairs:
                found[wrapper_name(message)] = message
        found.update(module.DESCRIPTOR.enum_types_by_name)
    return found


WRAPPED = _wrapped()

__all__: List[str] = ["Wrapper", *sorted([*WRAPPED, *ALIASES])]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    descriptor = WRAPPED.get(ALIASES.get(name, name))
    if descriptor is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = enum_of(descriptor) if isinstance(descriptor, EnumDescriptor) else wrapper_of(descriptor)
    globals()[name] = made
    return made
