"""What the database itself refuses: both profiles, another kind, edited versions, deleted entries."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from connectors.models import Connector
from portal.audit.models import AuditLine
from portal.changes.models import Decision, Proposal
from tests.documents import data_movement_document, runtime_tool_document
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db


def refused(sql: str, *values: object) -> str:
    """The database's words when it refuses a statement."""
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, values)
    return str(caught.value)


def test_a_connector_never_has_both_profiles_nor_that_of_the_other_kind() -> None:
    apply_connector(runtime_tool_document())
    table = "UPDATE connectors_connector SET document ="
    both = f"{table} document || '{{\"data_movement\": {{}}}}'::jsonb"
    assert "connector_never_both_profiles" in refused(both)
    neither = f"{table} document - 'runtime_tool'"
    assert "connector_has_profile_of_its_kind" in refused(neither)
    other = f"{table} (document - 'runtime_tool') || '{{\"data_movement\": {{}}}}'::jsonb"
    assert "connector_has_profile_of_its_kind" in refused(other)


def test_the_kind_is_fixed() -> None:
    apply_connector(data_movement_document())
    assert "fixed at registration" in refused("UPDATE connectors_connector SET kind = 'runtime_tool'")


def test_an_entry_is_never_deleted_and_its_versions_are_never_edited() -> None:
    connector = apply_connector(runtime_tool_document())
    assert "refused" in refused("DELETE FROM connectors_connector WHERE id = %s", connector.pk)
    assert "append-only" in refused("UPDATE connectors_historicalconnector SET name = 'other'")
    assert "append-only" in refused("DELETE FROM connectors_historicalconnector")
    again = connector.history.get()
    again.pk = None
    with pytest.raises(IntegrityError, match="one_row_per_version"), transaction.atomic():
        again.save(force_insert=True)
    assert Connector.objects.get().version == 1


@pytest.mark.parametrize("table", ["changes_proposal", "changes_decision", "audit_auditline"])
def test_proposals_decisions_and_audit_lines_are_append_only(table: str) -> None:
    apply_connector(runtime_tool_document())
    assert Proposal.objects.count() == Decision.objects.count() == 1
    assert AuditLine.objects.exists()
    assert "append-only" in refused(f"UPDATE {table} SET id = id")
    assert "append-only" in refused(f"DELETE FROM {table}")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert "append-only" in refused(f"TRUNCATE {table} CASCADE")


def test_even_a_replica_session_cannot_edit_the_audit_log() -> None:
    apply_connector(runtime_tool_document())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        assert "append-only" in refused("DELETE FROM audit_auditline")
        cursor.execute("SET LOCAL session_replication_role = origin")
