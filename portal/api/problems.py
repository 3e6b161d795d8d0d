"""Errors as RFC 9457 problem details: `type`, `title`, `status`, `detail`, `errors[]` with field paths, `correlation_id`."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied as DjangoDenied
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal.operations import correlation
from portal.refusals import Problem, Refusal
from portal.registry.documents import flatten

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"


def problem(status: int, rule: str, detail: str, problems: list[Problem] | None = None) -> dict[str, Any]:
    """The body of one problem; `type` is `urn:portal:problem:<rule>`."""
    body: dict[str, Any] = {
        "type": f"urn:portal:problem:{rule}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "correlation_id": correlation.current().correlation_id,
    }
    if problems:
        body["errors"] = [{"path": found.path, "message": str(found.message), "code": found.code} for found in problems]
    return body


def _of(error: Exception) -> tuple[dict[str, Any], dict[str, str]] | None:
    headers: dict[str, str] = {}
    if isinstance(error, Refusal):
        return problem(error.status, error.rule, error.message, error.problems), headers
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, DjangoDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return problem(413, "too_large", "The body is too large."), headers
    elif isinstance(error, DjangoValidationError):
        found = [Problem("", message) for message in error.messages]
        return problem(422, "invalid", "; ".join(error.messages), found), headers
    if not isinstance(error, exceptions.APIException):
        return None
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(getattr(error, "auth_header", ""))
    wait = getattr(error, "wait", None)
    if wait:
        headers["Retry-After"] = str(int(wait))
    if isinstance(error, exceptions.ValidationError):
        errors = flatten(error.detail)
        count = len(errors)
        text = errors[0].message if count == 1 else f"{count} fields are wrong; see errors."
        return problem(422, "invalid", text, errors), headers
    code = error.get_codes()
    rule = code if isinstance(code, str) else error.default_code
    return problem(error.status_code, rule, str(error.detail)), headers


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """What DRF calls for an exception of a view; None lets an unknown one become a 500."""
    made = _of(error)
    if made is None:
        return None
    set_rollback()
    body, headers = made
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def problem_response(request: HttpRequest, status: int, rule: str, detail: str) -> HttpResponse:
    """The same form outside DRF, for the error handlers of the URL configuration."""
    return HttpResponse(orjson.dumps(problem(status, rule, detail)), status=status, content_type=CONTENT_TYPE)
