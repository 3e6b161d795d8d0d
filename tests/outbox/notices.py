"""Notices and endpoints in the database, and the passing of pauses and leases."""

from datetime import timedelta

from portal.operations.services import database_now
from portal.outbox.models import Delivery, Lane, OutboxEvent, WebhookEndpoint
from portal.outbox.services import publish
from portal.people.models import Team, User


def endpoint(name: str, url: str, topics: list[str] | None = None) -> WebhookEndpoint:
    """An endpoint that wants these topics, by default only its own name's."""
    return WebhookEndpoint.objects.create(
        name=name, url=url, secret_ref="env:CREDENTIAL_HOOK", topics=[name] if topics is None else topics
    )


def notice(topic: str, number: int = 0, *, team: str = "") -> OutboxEvent:
    """A notice of this topic."""
    key = f"{topic}:{number}"
    publish(topic=topic, subject=f"About {key}", payload={"id": key}, dedup_key=key, team_key=team)
    return OutboxEvent.objects.get(dedup_key=key)


def member(username: str, team: str = "crm-team") -> User:
    """A member of the team, with an address."""
    made, _new = Team.objects.get_or_create(key=team, defaults={"name": team})
    user: User = User.objects.create(username=username, email=f"{username}@portal.example")
    made.members.add(user)
    return user


def pauses_pass() -> None:
    """Everything that waits for its next attempt is due, and every lane open and free."""
    past = database_now() - timedelta(seconds=1)
    Delivery.objects.filter(due_at__isnull=False).update(due_at=past)
    Lane.objects.update(open_at=past, leased_until=past)
