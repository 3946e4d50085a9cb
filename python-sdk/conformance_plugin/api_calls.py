"""Calls of the API by the names of RPCs, requests and answers being JSON with the contract's field names."""

import json
import re

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass

import mattermost_plugin as sdk
from mattermost_plugin.grpc import api_pb2

RPCS = api_pb2.DESCRIPTOR.services_by_name["PluginAPI"].methods_by_name
ERROR = RPCS["KVGet"].output_type.fields_by_name["error"].message_type.fields_by_name


def call_api(api, rpc, request="{}"):
    """Call the client's method for an RPC with every field of the request as a keyword."""
    method = getattr(api, re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", rpc).lower(), None)
    if method is None:
        return {"unmapped": rpc}
    message = ParseDict(json.loads(request), GetMessageClass(RPCS[rpc].input_type)())
    arguments = {field.name: argument(message, field) for field in message.DESCRIPTOR.fields}
    if "key_value_pairs" in arguments:
        arguments = {"message": arguments["msg"], **{pair.key: pair.value for pair in arguments["key_value_pairs"]}}
    try:
        value = method(**arguments)
    except sdk.PluginAPIError as error:
        return {"error": {name: getattr(error, name, error.error_id) for name in ERROR}}  # it has no `id` but an `error_id`
    return {"ok": MessageToDict(response(rpc, value), preserving_proto_field_name=True)}


def argument(message, field):
    """A field of a request; None when it is absent."""
    return None if field.has_presence and not message.HasField(field.name) else getattr(message, field.name)


def response(rpc, value):
    """The response that a result was made from."""
    names = [field.name for field in RPCS[rpc].output_type.fields if field.name != "error"]
    values = value if isinstance(value, tuple) else [value, getattr(value, "content_type", None)]  # an image has one
    return GetMessageClass(RPCS[rpc].output_type)(**{name: unwrapped(item) for name, item in zip(names, values)})


def unwrapped(value):
    """Wrappers as messages."""
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value.to_proto() if hasattr(value, "to_proto") else value
