"""Write Mattermost plugins in Python.

from mattermost_plugin import Plugin, hook, run_plugin
"""

from typing import TYPE_CHECKING, Any

from mattermost_plugin import _grpc_settings  # noqa: F401 - first, as it says
from mattermost_plugin._api_log import APILogHandler
from mattermost_plugin._hook_context import HookCancelledError, HookContext, hook_context
from mattermost_plugin._internal import wrappers as _wrappers
from mattermost_plugin._version import __version__
from mattermost_plugin.client import AsyncPluginAPIClient, EmojiImage, PluginAPIClient, PluginHTTPResponse
from mattermost_plugin.exceptions import (
    AlreadyExistsError,
    NotFoundError,
    PermissionDeniedError,
    PluginAPIError,
    UnavailableError,
    ValidationError,
    convert_app_error,
    convert_grpc_error,
)
from mattermost_plugin.hooks import HookName, HookRegistrationError, hook
from mattermost_plugin.plugin import Plugin
from mattermost_plugin.runtime_config import RuntimeConfig, load_runtime_config
from mattermost_plugin.server import run_plugin, serve_plugin
from mattermost_plugin.servicers._forms import HTTPRequestError
from mattermost_plugin.servicers.hooks_servicer import DISMISS_POST_ERROR, HTTPRequest, HTTPResponseWriter

if TYPE_CHECKING:
    from mattermost_plugin._internal.wrappers import *  # noqa: F403

__all__ = [
    "DISMISS_POST_ERROR",
    "APILogHandler",
    "AlreadyExistsError",
    "AsyncPluginAPIClient",
    "EmojiImage",
    "HTTPRequest",
    "HTTPRequestError",
    "HTTPResponseWriter",
    "HookCancelledError",
    "HookContext",
    "HookName",
    "HookRegistrationError",
    "NotFoundError",
    "PermissionDeniedError",
    "Plugin",
    "PluginAPIClient",
    "PluginAPIError",
    "PluginHTTPResponse",
    "RuntimeConfig",
    "UnavailableError",
    "ValidationError",
    "__version__",
    "convert_app_error",
    "convert_grpc_error",
    "hook",
    "hook_context",
    "load_runtime_config",
    "run_plugin",
    "serve_plugin",
]
__all__ += _wrappers.__all__


def __getattr__(name: str) -> Any:
    """The wrappers, each made when somebody first wants it."""
    if name in _wrappers.__all__:
        return getattr(_wrappers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
