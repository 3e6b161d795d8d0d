"""What every API view has: the actor, one clock, problems, idempotent POST."""

from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from portal.api import idempotency
from portal.api.pagination import KeysetPagination
from portal.operations.models import IdempotencyRecord
from portal.operations.services import database_now
from portal.people.actors import Actor
from portal.people.requests import actor_of
from portal.refusals import Invalid, Missing, Problem
from portal.registry.documents import flatten
from portal.roles import Permission


# The login middleware guards pages; the API refuses by its own permission class, with a problem document.
@method_decorator(login_not_required, name="dispatch")
class PortalViewSet(GenericViewSet[Any]):
    """Base of all API views. Name what each action needs in `write_permissions`; what is not named is refused."""

    read_permission: Permission = Permission.VIEW
    # Query parameters of a list beside those of its FilterSet, with what they mean.
    own_parameters: dict[str, str] = {}
    write_permissions: dict[str, Permission] = {}
    pagination_class = KeysetPagination
    filterset_class: type[Any] | None = None
    ordering = "-id"
    orderings: dict[str, str] = {}
    # For the API's description: action → {status: answer}, the actions that answer with an ETag, that heed If-Match.
    answers: Any = {}
    tagged: tuple[str, ...] = ()
    # Actions beside `list` that answer a page of rows; query parameters of actions that do not: action → name → meaning.
    pages: tuple[str, ...] = ()
    asked: dict[str, dict[str, str]] = {}
    # Operation ids of actions that two addresses would share.
    operation_ids: dict[str, str] = {}
    matched: tuple[str, ...] = ()
    # Actions whose body or answer is a secret: an Idempotency-Key would keep it, so they take none.
    unkept: tuple[str, ...] = ()
    _idempotency: IdempotencyRecord | None = None

    @property
    def actor(self) -> Actor:
        """Who makes the request."""
        return actor_of(self.request)

    @staticmethod
    def now() -> Any:
        """The database's clock."""
        return database_now()

    def filtered(self, queryset: Any) -> Any:
        """The queryset under the FilterSet that pages use too; unknown or bad parameters are refused, not ignored."""
        if self.filterset_class is None:
            return queryset
        params = self.request.query_params
        known = set(self.filterset_class.base_filters) | {"cursor", "limit", "ordering", "format", *self.own_parameters}
        unknown = [name for name in params if name not in known]
        if unknown:
            names = ", ".join(sorted(known))
            raise ValidationError({name: [f"Unknown parameter. Known: {names}."] for name in unknown})
        if not any(name in self.filterset_class.base_filters for name in params):
            return queryset
        data = params.copy()
        data.pop("ordering", None)
        filterset = self.filterset_class(data, queryset=queryset, request=self.request)
        # Making form fields costs more than filtering by them: only those that are asked for.
        filterset.filters = {name: one for name, one in filterset.filters.items() if name in data}
        if not filterset.is_valid():
            raise ValidationError({name: list(errors) for name, errors in filterset.errors.items()})
        return filterset.qs

    def page_of(self, queryset: Any) -> list[Any]:
        """One page of rows."""
        page = self.paginate_queryset(queryset)
        assert page is not None
        return list(page)

    def object_id(self, prefix: str) -> int:
        """The number in the address, with or without its prefix: 12, CHG-12."""
        text = str(self.kwargs.get("pk", "")).upper().removeprefix(f"{prefix}-")
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Missing("not_found", f"There is no {prefix}-{text[:40]}.")
        return int(text)

    def body(self, serializer: Any) -> dict[str, Any]:
        """The validated body; raises ValidationError with field paths."""
        checked = serializer(data=self.request.data)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer under the Idempotency-Key where one is sent with a POST."""
        response: Any = super().dispatch(request, *args, **kwargs)
        if self._idempotency is not None:
            if isinstance(response, Response):
                response.render()
            idempotency.finish(self._idempotency, response)
        return cast(HttpResponse, response)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After sign-in and permission: claim the key, or answer with what it gave before."""
        super().initial(request, *args, **kwargs)
        key = request.headers.get("Idempotency-Key", "")
        if request.method == "POST" and key:
            if self.action in self.unkept:
                problem = Problem("Idempotency-Key", "Not taken here: nothing keeps a secret for a repeat.")
                raise Invalid("idempotency_key", problem.message, [problem])
            begun = idempotency.begin(
                user_id=int(request.user.pk or 0),
                key=key,
                print_=idempotency.fingerprint(request._request),
                now=timezone.now(),
            )
            if isinstance(begun, HttpResponse):
                raise Replayed(begun)
            self._idempotency = begun

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Replayed):
            return exc.response  # type: ignore[return-value] # a plain HttpResponse passes through DRF unchanged
        return super().handle_exception(exc)


class Replayed(Exception):
    """Carries the stored answer of an earlier, equal request."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


__all__ = ["PortalViewSet", "flatten"]
