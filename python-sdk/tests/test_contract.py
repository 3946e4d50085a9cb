"""What is written by hand, compared with the descriptor."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import Any, List, Set, Tuple

import pytest

from mattermost_plugin import AsyncPluginAPIClient, HookName, PluginAPIClient
from mattermost_plugin._api_methods import METHODS
from mattermost_plugin._api_parameters import parameters_of
from mattermost_plugin._api_table import (
    BY_NAME_ONLY,
    NONE_WHEN_EMPTY,
    OTHER_NAMES,
    PARAMETERS,
    RESULTS,
    WRITING_ALL_THE_SAME,
    reads,
)
from mattermost_plugin._contract import API_NAMES, HOOKS, Shape, api_method, snake_case


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


def test_every_method_of_the_api_is_there_in_both_clients() -> None:
    assert len(API_NAMES) == 236
    assert [method.rpc_name for method in METHODS.values()] == list(API_NAMES)
    for client in (PluginAPIClient, AsyncPluginAPIClient):
        assert all(callable(getattr(client, name)) for name in METHODS)
    assert all(inspect.iscoroutinefunction(getattr(AsyncPluginAPIClient, name)) for name in METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_parameters_fill_every_field_of_a_request_once(name: str) -> None:
    method = METHODS[name]

    def leaves(message: Any, path: Tuple[str, ...], filled: Set[Tuple[str, ...]]) -> List[Tuple[str, ...]]:
        found: List[Tuple[str, ...]] = []
        for field in message.fields:
            own = (*path, field.name)
            inside = any(other[: len(own)] == own and other != own for other in filled)
            found += leaves(field.message_type, own, filled) if inside else [own]
        return found

    paths = [parameter.path for parameter in method.parameters]
    assert sorted(paths) == sorted(leaves(method.contract.request.DESCRIPTOR, (), set(paths)))


def test_the_table_speaks_of_the_contract_and_says_nothing_twice() -> None:
    for table in (PARAMETERS, BY_NAME_ONLY, OTHER_NAMES, RESULTS):
        assert set(table) <= set(API_NAMES)
    assert set(API_NAMES) >= NONE_WHEN_EMPTY | WRITING_ALL_THE_SAME
    assert {name for name in API_NAMES if len(METHODS[snake_case(name)].results) > 1} == set(RESULTS)
    for name, written in PARAMETERS.items():
        request = api_method(name).request.DESCRIPTOR
        assert written != ", ".join(field.name for field in request.fields), name
        derived = parameters_of("", request)
        assert parameters_of(name, request) != derived, f"{name} is what it would be without a row"


def test_what_reads_is_what_changes_nothing() -> None:
    writing = {name for name in API_NAMES if not reads(name)}
    verbs = {re.match(r"(?:KV)?[A-Z][a-z]+", name)[0] for name in API_NAMES if reads(name)}  # type: ignore[index]
    assert verbs == {"Count", "Get", "Has", "Is", "KVGet", "KVList", "List", "Load", "Read", "Search"}
    assert {"KVSet", "KVDelete", "CreatePost", "GetDirectChannel", "GetGroupChannel", "LogInfo", "PluginHTTP"} <= writing


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
