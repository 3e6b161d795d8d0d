"""The OpenAPI description."""

from http import HTTPStatus
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes

from portal.api import described


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How `Authorization: Bearer …` is described; found by its class, not registered anywhere."""

    target_class = "portal.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the session of a signed-in browser is described."""

    target_class = "portal.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class PortalSchema(AutoSchema):
    """Bodies, answers, filters and headers as the views name them, and what every operation shares.

    A view names the serializers of its bodies in `bodies` (action → serializer), its answers in `answers` (action →
    {status: TypedDict, schema, or None for no body}), and in `tagged` the actions that answer with an ETag.
    """

    def get_operation_id(self) -> str:
        """As usual, but one version of an entry is not the list of them, and a view may name an action itself."""
        named: str | None = getattr(self.view, "operation_ids", {}).get(self._action)
        if named is not None:
            return named
        found: str = super().get_operation_id()
        return found.replace("_versions_", "_version_") if self._action == "version" else found

    @property
    def _action(self) -> str:
        return str(getattr(self.view, "action", ""))

    def get_request_serializer(self) -> Any:
        """The body of this action, if the view names one."""
        return getattr(self.view, "bodies", {}).get(self._action)

    def get_response_serializers(self) -> Any:
        """An object; `_get_response_bodies` says more."""
        return OpenApiTypes.OBJECT

    def _get_parameters(self) -> list[dict[str, Any]]:
        own = self._filters_and_headers()
        named = {one["name"] for one in own}
        return [one for one in super()._get_parameters() if one["name"] not in named] + own

    def _filters_and_headers(self) -> list[dict[str, Any]]:
        found = described.list_parameters(self.view) if self._is_list_view() else []
        asked = getattr(self.view, "asked", {}).get(self._action, {})
        found += [described.query(name, {"type": "string"}, text) for name, text in asked.items()]
        if self.method == "POST" and self._action not in getattr(self.view, "unkept", ()):
            found.append(described.header("Idempotency-Key"))
        if self._action in getattr(self.view, "matched", ()):
            found.append(described.header("If-Match"))
        if 304 in self._answers():
            found.append(described.header("If-None-Match"))
        return found

    def _answers(self) -> dict[int, Any]:
        answers: Any = getattr(self.view, "answers", {})
        found: dict[int, Any] = (answers(self) if callable(answers) else answers).get(self._action, {})
        return found

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self._action == "list" or self._action in getattr(self.view, "pages", ())

    def get_tags(self) -> list[str]:
        """The collection an address belongs to."""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[2]] if len(parts) > 2 else super().get_tags()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        answers = self._answers()
        responses: dict[str, Any] = (
            {str(status): self._response(status, answer) for status, answer in answers.items()}
            if answers
            else super()._get_response_bodies(direction)
        )
        problem = {
            "description": "Problem details (RFC 9457) with field paths in errors[].",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        return responses | {"default": problem}

    def _response(self, status: int, answer: Any) -> dict[str, Any]:
        made: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if isinstance(answer, dict) and "content" in answer:
            made["content"] = answer["content"]
        elif answer is not None:
            schema = described.answer_schema(self, answer)
            if self._is_list_view() and getattr(self.view, "pagination_class", None) is not None:
                schema = described.page_of(schema)
            made["content"] = {"application/json": {"schema": schema}}
        headers = ["ETag"] if self._action in getattr(self.view, "tagged", ()) else []
        headers += ["Location"] if status == 201 else []
        if headers:
            made["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
        return made
