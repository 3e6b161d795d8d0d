"""The OpenAPI description."""

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema


class PortalSchema(AutoSchema):
    """Adds what every operation shares: problem details on errors."""

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
