"""Write Mattermost plugins in Python.

from mattermost_plugin import Plugin, hook, run_plugin
"""

from mattermost_plugin import _grpc_settings  # noqa: F401 - first, as it says
from mattermost_plugin._hook_context import HookCancelledError, HookContext, hook_context
from mattermost_plugin._internal.wrappers import Command, CommandArgs, CommandResponse, PluginKVSetOptions
from mattermost_plugin._version import __version__
from mattermost_plugin.client import AsyncPluginAPIClient, PluginAPIClient
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

__all__ = [
    "DISMISS_POST_ERROR",
    "AlreadyExistsError",
    "AsyncPluginAPIClient",
    "Command",
    "CommandArgs",
    "CommandResponse",
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
    "PluginKVSetOptions",
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
