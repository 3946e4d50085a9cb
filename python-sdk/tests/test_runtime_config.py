"""The environment variables of a plugin process."""

from __future__ import annotations

import pytest

from mattermost_plugin import RuntimeConfig, load_runtime_config


def test_defaults() -> None:
    assert RuntimeConfig.from_env({}) == RuntimeConfig("", "127.0.0.1:50051", "", 30.0, "INFO")


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTERMOST_PLUGIN_ID", "com.example.x")
    monkeypatch.setenv("MATTERMOST_PLUGIN_API_TARGET", "127.0.0.1:9")
    monkeypatch.setenv("MATTERMOST_PLUGIN_PATH", "/plugins/x")
    monkeypatch.setenv("MATTERMOST_PLUGIN_HOOK_TIMEOUT", "2.5")
    monkeypatch.setenv("MATTERMOST_PLUGIN_LOG_LEVEL", "debug")
    assert load_runtime_config() == RuntimeConfig("com.example.x", "127.0.0.1:9", "/plugins/x", 2.5, "DEBUG")


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", "5s"])
def test_an_unusable_timeout_is_the_default(text: str) -> None:
    assert RuntimeConfig.from_env({"MATTERMOST_PLUGIN_HOOK_TIMEOUT": text}).hook_timeout == 30.0


@pytest.mark.parametrize(("text", "level"), [("loud", "INFO"), ("", "INFO"), (" warn ", "WARN"), ("TRACE", "TRACE")])
def test_an_unknown_level_is_info(text: str, level: str) -> None:
    assert RuntimeConfig.from_env({"MATTERMOST_PLUGIN_LOG_LEVEL": text}).log_level == level
