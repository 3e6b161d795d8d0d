"""Reading the API's refusals."""

from typing import Any


def problem(response: Any, status: int, rule: str) -> dict[str, Any]:
    """The problem document of an answer, after checking its form."""
    found: dict[str, Any] = response.json()
    assert response.status_code == status, found
    assert response["Content-Type"] == "application/problem+json"
    assert found["type"] == f"urn:portal:problem:{rule}", found
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    assert found["correlation_id"]
    return found


def paths(found: dict[str, Any]) -> list[str]:
    """The field paths of a problem document."""
    return [one["path"] for one in found["errors"]]
