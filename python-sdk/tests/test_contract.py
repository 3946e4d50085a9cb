"""What is written by hand, compared with the descriptor."""

from __future__ import annotations

from collections import Counter

import pytest

from mattermost_plugin import AsyncPluginAPIClient, HookName, PluginAPIClient
from mattermost_plugin._api_methods import METHODS
from mattermost_plugin._contract import HOOKS, Shape, fields_of, snake_case

API_METHODS = {
    "get_server_version": "GetServerVersion",
    "is_enterprise_ready": "IsEnterpriseReady",
    "get_plugin_id": "GetPluginID",
    "log_debug": "LogDebug",
    "log_info": "LogInfo",
    "log_warn": "LogWarn",
    "log_error": "LogError",
    "kv_set": "KVSet",
    "kv_get": "KVGet",
    "kv_delete": "KVDelete",
    "kv_delete_all": "KVDeleteAll",
    "kv_list": "KVList",
    "kv_set_with_expiry": "KVSetWithExpiry",
    "kv_compare_and_set": "KVCompareAndSet",
    "kv_compare_and_delete": "KVCompareAndDelete",
    "kv_set_with_options": "KVSetWithOptions",
    "publish_web_socket_event": "PublishWebSocketEvent",
}


def test_hook_names_are_the_service_without_implemented() -> None:
    assert len(HookName) == 41
    assert {name.value for name in HookName} == set(HOOKS) - {"Implemented"}
    assert all(name.name == name.value for name in HookName)


def test_shapes_are_read_off_the_descriptor() -> None:
    assert Counter(hook.shape for hook in HOOKS.values()) == {
        Shape.NOTIFY: 20,
        Shape.FALLIBLE: 13,
        Shape.FILTER: 6,
        Shape.TRANSFORM: 1,
        Shape.QUERY: 1,
        Shape.STREAM: 1,
    }


def test_api_methods_are_these() -> None:
    assert {name: method.rpc_name for name, method in METHODS.items()} == API_METHODS
    assert all(callable(getattr(client, name)) for client in (PluginAPIClient, AsyncPluginAPIClient) for name in API_METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_parameter_and_result_is_a_field(name: str) -> None:
    method = METHODS[name]
    parameters = [method.renamed.get(parameter, parameter) for parameter in list(method.signature.parameters)[1:]]
    assert sorted(parameters) == sorted(fields_of(method.contract.request))
    results = [field for field in fields_of(method.contract.response) if field != "error"]
    assert results == ([] if method.result is None else [method.result])


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("OnActivate", "on_activate"),
        ("OnSAMLLogin", "on_saml_login"),
        ("ServeHTTP", "serve_http"),
        ("OnWebSocketConnect", "on_web_socket_connect"),
        ("UserWillLogIn", "user_will_log_in"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake
