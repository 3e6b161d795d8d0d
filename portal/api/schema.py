"""The OpenAPI description."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes


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
    """Adds what every operation shares: problem details on errors, and bodies named by the view for each action.

    A view names the serializers of its bodies in `bodies` (action → serializer); answers are plain objects unless
    `extend_schema` says more.
    """

    def get_operation_id(self) -> str:
        """As usual, but one version of an entry is not the list of them."""
        found: str = super().get_operation_id()
        one = getattr(self.view, "action", "") == "version"
        return found.replace("_versions_", "_version_") if one else found

    def get_request_serializer(self) -> Any:
        """The body of this action, if the view names one."""
        bodies: dict[str, Any] = getattr(self.view, "bodies", {})
        return bodies.get(getattr(self.view, "action", ""))

    def get_response_serializers(self) -> Any:
        """An object, unless the view says more."""
        return OpenApiTypes.OBJECT

    def _is_list_view(self, serializer: Any = None) -> bool:
        return getattr(self.view, "action", "") == "list"

    def get_tags(self) -> list[str]:
        """The collection an address belongs to."""
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        return [parts[2]] if len(parts) > 2 else super().get_tags()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        problem = {
            "description": "Problem details (RFC 9457) with field paths in errors[].",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        return responses | {"default": problem}
