"""What the host told the plugin through its environment."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Mapping, Optional

from mattermost_plugin import _hclog

__all__ = ["RuntimeConfig", "load_runtime_config"]

DEFAULT_API_TARGET = "127.0.0.1:50051"
DEFAULT_HOOK_TIMEOUT = 30.0

_LEVELS = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}

_logger = logging.getLogger("mattermost_plugin")


@dataclass
class RuntimeConfig:
    """Settings of one plugin process; see the README for the variables."""

    plugin_id: str = ""
    api_target: str = DEFAULT_API_TARGET
    plugin_path: str = ""
    hook_timeout: float = DEFAULT_HOOK_TIMEOUT  # seconds
    log_level: str = "INFO"

    @classmethod
    def from_env(cls, environment: Optional[Mapping[str, str]] = None) -> RuntimeConfig:
        """Read the variables; what is absent or not acceptable gets its default."""
        env = os.environ if environment is None else environment
        return cls(
            plugin_id=env.get("MATTERMOST_PLUGIN_ID", ""),
            api_target=env.get("MATTERMOST_PLUGIN_API_TARGET") or DEFAULT_API_TARGET,
            plugin_path=env.get("MATTERMOST_PLUGIN_PATH", ""),
            hook_timeout=_seconds(env.get("MATTERMOST_PLUGIN_HOOK_TIMEOUT")),
            log_level=_level_name(env.get("MATTERMOST_PLUGIN_LOG_LEVEL")),
        )

    def configure_logging(self) -> None:
        """Send the log of the process to stderr, in the form that the host grades by level."""
        _hclog.install(_LEVELS.get(self.log_level.upper(), logging.INFO))


def load_runtime_config() -> RuntimeConfig:
    """The configuration of this process."""
    return RuntimeConfig.from_env()


def _seconds(text: Optional[str]) -> float:
    if not text:
        return DEFAULT_HOOK_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds < float("inf"):
        return seconds
    _logger.warning(
        "MATTERMOST_PLUGIN_HOOK_TIMEOUT is %r, not a number of seconds above 0; using %s", text, DEFAULT_HOOK_TIMEOUT
    )
    return DEFAULT_HOOK_TIMEOUT


def _level_name(text: Optional[str]) -> str:
    name = (text or "").strip().upper()
    return name if name in _LEVELS else "INFO"
