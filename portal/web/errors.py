"""Error pages; under /api/ the same errors as problem details."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.api.problems import problem_response
from portal.operations import correlation
from portal.refusals import Refusal
from portal.web.context import appearance

logger = logging.getLogger(__name__)


def _answer(request: HttpRequest, status: int, rule: str, detail: str) -> HttpResponse:
    if request.path.startswith(settings.SERVICE_PREFIXES):
        return problem_response(request, status, rule, detail)
    page = status if status in (400, 403, 404, 409, 500) else 400
    context = {"reason": detail, "detail": detail, "request_id": correlation.current().correlation_id}
    if status == 500:
        return _without_database(request, context)
    return render(request, f"errors/{page}.html", context, status=status)


def _without_database(request: HttpRequest, context: dict[str, str]) -> HttpResponse:
    """The page of a 500: nobody is asked who is signed in, as the database may be what is broken."""
    own = {"request": request, "csrf_token": get_token(request), "portal": appearance(request)}
    page = render_to_string("errors/500.html", context | own)
    return HttpResponse(page, status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _answer(request, 400, "bad_request", str(exception)[:200] if isinstance(exception, BadRequest) else "")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with who may."""
    return _answer(request, 403, "forbidden", str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    detail = "There is nothing at this address." if request.path.startswith(settings.SERVICE_PREFIXES) else ""
    return _answer(request, 404, "not_found", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with the id to ask for."""
    return _answer(request, 500, "server_error", "Something went wrong on our side; it has been logged.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 because the form came from elsewhere or is too old."""
    return render(request, "errors/csrf.html", {"reason": reason}, status=403)


class RefusalMiddleware:
    """A refusal that a page did not show itself becomes the error page of its status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Only refusals; everything else goes its way."""
        if isinstance(exception, Refusal):
            return _answer(request, exception.status, exception.rule, exception.message)
        return None
