"""Recovery told by somebody: what each level does, once, with timeline, history, audit line and notice."""

import pytest

from portal.audit.models import AuditLine
from portal.outbox.models import OutboxEvent
from severity.models import Incident, IncidentState
from severity.recovering import recover
from severity.rules import Level
from tests.people import actor
from tests.severity.test_pages import incident

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("level", "becomes"),
    [(Level.V0, "resolved"), (Level.V1, "resolved"), (Level.V2, "mitigated"), (Level.V3, "")],
)
@pytest.mark.parametrize("by", ["id", "key"])
def test_what_recovery_does_at_each_level(level: Level, becomes: str, by: str) -> None:
    made, other = incident(level), incident(level)
    found = {"incident_id": made.pk} if by == "id" else {"dedup_key": made.dedup_key}
    assert recover(told="It is well.", actor=actor("amal"), **found) == becomes
    made.refresh_from_db()
    assert made.state == (becomes or "open")
    other.refresh_from_db()
    assert other.state == "open"
    lines = list(made.timeline.order_by("id").values_list("what", "actor_name", "text"))[1:]
    assert lines == ([(becomes, "amal", "It is well.")] if becomes else [])
    audited = AuditLine.objects.filter(object_key=made.human_id, actor_name="amal")
    assert [one.action for one in audited] == ([f"incident.{becomes}"] if becomes else [])
    assert OutboxEvent.objects.filter(topic=f"incident.{becomes}").count() == (1 if becomes else 0)
    # Told again it does nothing more.
    assert recover(told="It is well.", actor=actor("amal"), **found) == ""
    if becomes:
        # The audit line's digest is the one of what stands now.
        assert audited.get().after_digest == made.fingerprint != audited.get().before_digest


def test_what_a_person_holds_or_has_ended_stays() -> None:
    held, mitigated, ended = (
        incident(Level.V1),
        incident(Level.V2, IncidentState.MITIGATED),
        incident(Level.V1, IncidentState.RESOLVED),
    )
    Incident.objects.filter(pk=held.pk).update(by_hand=True)
    for one in (held, mitigated, ended):
        assert recover(told="x", actor=actor("amal"), incident_id=one.pk) == ""
    with pytest.raises(ValueError):
        recover(told="x", actor=actor("amal"))
