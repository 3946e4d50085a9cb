"""What an API call raises.

    PluginAPIError
    ├── NotFoundError          HTTP 404        gRPC NOT_FOUND
    ├── PermissionDeniedError  HTTP 401, 403   gRPC UNAUTHENTICATED, PERMISSION_DENIED
    ├── ValidationError        HTTP 400        gRPC INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE
    ├── AlreadyExistsError     HTTP 409        gRPC ALREADY_EXISTS
    └── UnavailableError       HTTP 429, 503   gRPC UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED

Whether a call failed by an AppError in its answer (the server refused) or by a gRPC status (the call did not get through, or
the server reports so what it refused), the caller catches the same classes; `code` is set only in the second case.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Type

import grpc

from mattermost_plugin import _convert

__all__ = [
    "AlreadyExistsError",
    "NotFoundError",
    "PermissionDeniedError",
    "PluginAPIError",
    "UnavailableError",
    "ValidationError",
    "convert_app_error",
    "convert_grpc_error",
]


class PluginAPIError(Exception):
    """An API call failed."""

    def __init__(
        self,
        message: str,
        *,
        code: Optional[grpc.StatusCode] = None,
        error_id: str = "",
        status_code: int = 0,
        detailed_error: str = "",
        where: str = "",
        params: Optional[Dict[str, Any]] = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.error_id = error_id
        self.status_code = status_code
        self.detailed_error = detailed_error
        self.where = where
        self.params = params
        self.request_id = request_id

    def __str__(self) -> str:
        text = self.message
        if self.error_id and self.error_id != self.message:
            text += f" [{self.error_id}]"
        if self.status_code:
            text += f" (HTTP {self.status_code})"
        return text


class NotFoundError(PluginAPIError):
    """What the call names does not exist."""


class PermissionDeniedError(PluginAPIError):
    """The plugin, or the user it acts for, may not do this."""


class ValidationError(PluginAPIError):
    """An argument is not acceptable."""


class AlreadyExistsError(PluginAPIError):
    """What the call would make exists already."""


class UnavailableError(PluginAPIError):
    """The server could not answer now, or not in time; a later call may succeed."""


_BY_HTTP_STATUS: Dict[int, Type[PluginAPIError]] = {
    400: ValidationError,
    401: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: AlreadyExistsError,
    429: UnavailableError,
    503: UnavailableError,
}

_BY_GRPC_CODE: Dict[grpc.StatusCode, Type[PluginAPIError]] = {
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.UNAUTHENTICATED: PermissionDeniedError,
    grpc.StatusCode.INVALID_ARGUMENT: ValidationError,
    grpc.StatusCode.FAILED_PRECONDITION: ValidationError,
    grpc.StatusCode.OUT_OF_RANGE: ValidationError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: UnavailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: UnavailableError,
}


# The HTTP status behind a gRPC status, for servers that report what the application decided by the latter.
_HTTP_BY_GRPC_CODE: Dict[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,  # 413 looks the same
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
}

# The text of such a status: the error's id, which is dotted words, and its message. The texts of gRPC itself do not look so.
_ID_AND_MESSAGE = re.compile(r"([A-Za-z]\w*(?:\.[\w-]+)+)?: (.*)", re.DOTALL)


def convert_app_error(app_error: Any) -> PluginAPIError:
    """The exception for an AppError message that came in an answer."""
    kind = _BY_HTTP_STATUS.get(app_error.status_code, PluginAPIError)
    return kind(
        app_error.message or app_error.id or "the server refused the call without saying why",
        error_id=app_error.id,
        status_code=app_error.status_code,
        detailed_error=app_error.detailed_error,
        where=app_error.where,
        params=_convert.from_struct(app_error.params) if app_error.HasField("params") else None,
        request_id=app_error.request_id,
    )


def convert_grpc_error(error: grpc.RpcError) -> PluginAPIError:
    """The exception for a call that ended with a gRPC status, whether gRPC failed or the server speaks of its errors so."""
    # A failed call is an RpcError and a Call at once; a bare RpcError knows neither code nor details.
    code = error.code() if isinstance(error, grpc.Call) else None
    details = (error.details() if isinstance(error, grpc.Call) else None) or str(error)
    kind = _BY_GRPC_CODE.get(code, PluginAPIError) if code is not None else PluginAPIError
    told = _ID_AND_MESSAGE.fullmatch(details)
    status = _HTTP_BY_GRPC_CODE.get(code) if code is not None else None
    if told is not None and status is not None:
        error_id, message = told.groups(default="")
        return kind(message or error_id or details, code=code, error_id=error_id, status_code=status)
    if kind is PluginAPIError:
        return PluginAPIError(f"API call failed ({code.name if code else 'unknown status'}): {details}", code=code)
    return kind(details, code=code)
