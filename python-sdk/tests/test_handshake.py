"""The cookie, the protocol versions and the line on stdout."""

from __future__ import annotations

from typing import Dict

import pytest

from mattermost_plugin._handshake import COOKIE_KEY, COOKIE_VALUE, cookie_complaint, doubts, format_handshake_line


def test_the_line_byte_by_byte() -> None:
    assert format_handshake_line(54321) == "1|1|tcp|127.0.0.1:54321|grpc"


def test_the_cookie_is_the_hosts() -> None:
    assert (COOKIE_KEY, COOKIE_VALUE) == ("MATTERMOST_PLUGIN", "Securely message teams, anywhere.")
    assert cookie_complaint({COOKIE_KEY: COOKIE_VALUE}) is None


@pytest.mark.parametrize(
    ("environment", "cause"),
    [
        ({}, "is not set"),
        ({COOKIE_KEY: ""}, "is '', which is not the expected value"),
        ({COOKIE_KEY: "Securely message teams, anywhere"}, "which is not the expected value"),
    ],
)
def test_a_wrong_cookie_is_explained(environment: Dict[str, str], cause: str) -> None:
    complaint = cookie_complaint(environment)
    assert complaint is not None
    assert cause in complaint
    assert COOKIE_KEY in complaint
    assert "upload its bundle to a Mattermost server" in complaint


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 0),
        ({"PLUGIN_PROTOCOL_VERSIONS": "1"}, 0),
        ({"PLUGIN_PROTOCOL_VERSIONS": "3,1,2"}, 0),
        ({"PLUGIN_PROTOCOL_VERSIONS": "2, 1"}, 0),
        ({"PLUGIN_PROTOCOL_VERSIONS": "2,10"}, 1),
        ({"PLUGIN_PROTOCOL_VERSIONS": ""}, 1),
        ({"PLUGIN_PROTOCOL_VERSIONS": "2", "PLUGIN_CLIENT_CERT": "-----BEGIN"}, 2),
    ],
)
def test_what_the_host_will_miss_is_said(environment: Dict[str, str], count: int) -> None:
    assert len(doubts(environment)) == count
