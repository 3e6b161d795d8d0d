"""Measured values, sent as a machine sends them."""

from datetime import timedelta
from typing import Any

from rest_framework.test import APIClient

from portal.operations.services import database_now


def address(key: str = "revenue_sar") -> str:
    """Where its values go."""
    return f"/api/v1/metrics/{key}/values/"


def ago(days: float) -> str:
    """An instant so many days before now, as text with its zone."""
    return (database_now() - timedelta(days=days)).isoformat()


def point(value: Any, days: float = 0, **dimensions: str) -> dict[str, Any]:
    """A point that was measured so many days ago."""
    found = {"at": ago(days), "value": value}
    return found | {"dimensions": dimensions} if dimensions else found


def send(api: APIClient, *points: Any, key: str = "revenue_sar", unit: str = "SAR") -> Any:
    """The answer to these points."""
    return api.post(address(key), {"unit": unit, "points": list(points)}, format="json")
