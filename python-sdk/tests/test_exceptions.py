"""Which error is raised for which answer: the whole map."""

from __future__ import annotations

from typing import Dict, Type

import grpc
import pytest

from mattermost_plugin import exceptions
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
from mattermost_plugin.grpc.common_pb2 import AppError

BY_HTTP_STATUS = {
    400: ValidationError,
    401: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: AlreadyExistsError,
    429: UnavailableError,
    503: UnavailableError,
    0: PluginAPIError,
    418: PluginAPIError,
    500: PluginAPIError,
    501: PluginAPIError,
}

BY_GRPC_CODE: Dict[grpc.StatusCode, Type[PluginAPIError]] = {
    **dict.fromkeys(grpc.StatusCode, PluginAPIError),
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


def failed(code: grpc.StatusCode) -> grpc.RpcError:
    """A failed call as grpcio raises it."""

    class Failed(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return code

        def details(self) -> str:
            return "the details"

    grpc.Call.register(Failed)
    return Failed()


@pytest.mark.parametrize(("status", "kind"), BY_HTTP_STATUS.items())
def test_app_errors_by_http_status(status: int, kind: Type[PluginAPIError]) -> None:
    error = convert_app_error(AppError(id="an.id", message="text", status_code=status, where="Somewhere", request_id="r"))
    assert type(error) is kind
    assert (error.error_id, error.message, error.status_code, error.where, error.request_id, error.code) == (
        "an.id",
        "text",
        status,
        "Somewhere",
        "r",
        None,
    )


@pytest.mark.parametrize(("code", "kind"), BY_GRPC_CODE.items())
def test_grpc_errors_by_code(code: grpc.StatusCode, kind: Type[PluginAPIError]) -> None:
    error = convert_grpc_error(failed(code))
    assert type(error) is kind
    assert error.code is code
    assert "the details" in str(error)


def test_text_shows_message_id_and_status() -> None:
    assert str(convert_app_error(AppError(id="an.id", message="text", status_code=404))) == "text [an.id] (HTTP 404)"
    assert str(convert_app_error(AppError(id="an.id", status_code=404))) == "an.id (HTTP 404)"
    assert str(convert_app_error(AppError(id="an.id", message="an.id", status_code=404))) == "an.id (HTTP 404)"
    assert str(convert_app_error(AppError())) == "the server refused the call without saying why"
    assert str(convert_grpc_error(grpc.RpcError("bare"))) == "API call failed (unknown status): bare"


def test_every_error_is_a_plugin_api_error() -> None:
    kinds = [getattr(exceptions, name) for name in exceptions.__all__ if name.endswith("Error")]
    assert len(kinds) == 6
    assert all(issubclass(kind, PluginAPIError) for kind in kinds)
