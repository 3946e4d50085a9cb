"""The names of ServeHTTP, for authors who annotate their handlers."""

from __future__ import annotations

from mattermost_plugin.servicers._forms import Form, FormFile, HTTPRequestError
from mattermost_plugin.servicers._http import HTTPRequest, HTTPResponseWriter, RequestStream

__all__ = ["Form", "FormFile", "HTTPRequest", "HTTPRequestError", "HTTPResponseWriter", "RequestStream"]
