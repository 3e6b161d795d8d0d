"""Puts every request under its correlation ids and returns them to the caller."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from portal.operations import correlation


class CorrelationMiddleware:
    """Reads `traceparent` and `X-Correlation-ID`, answers with `X-Correlation-ID`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with correlation.work(
            request.headers.get("traceparent", ""), request.headers.get("X-Correlation-ID", "")
        ) as ids:
            response = self.get_response(request)
        response["X-Correlation-ID"] = ids.correlation_id
        return response


class PlainAddressMiddleware:
    """Refuses an address with a NUL character: nothing has such a name, and the database takes none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)
