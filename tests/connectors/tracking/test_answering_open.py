"""While an answer is on its way to the server, the portal holds no lock and no transaction."""

from typing import Any

from django.db import connection, connections

from connectors.models import TaskState, TrackedTask
from connectors.polling import Poller
from connectors.tracking import answering
from portal.operations.services import database_now
from tests.connectors.tracking import world
from tests.connectors.tracking.test_answering import YES, asks, taken
from tests.servers import scripted as bad
from tests.servers.scripted import ScriptedServer


def test_the_row_is_free_and_the_note_is_there_while_the_server_is_talked_to(
    committed: None, scripted: ScriptedServer
) -> None:
    scripted.behave(asks())
    task = world.adopt(world.connector(scripted.url), "r-1")
    Poller().tick()
    assert TrackedTask.objects.get().state == TaskState.INPUT_REQUIRED
    seen: list[Any] = []

    def look(exchange: bad.Exchange) -> None:
        if exchange.seen.json["method"] == "tasks/update":
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM connectors_trackedtask WHERE id = %s FOR UPDATE NOWAIT", [task.pk])
                cursor.execute("SELECT what FROM connectors_observation WHERE task_id = %s ORDER BY id", [task.pk])
                seen.append([row[0] for row in cursor.fetchall()][-1])
            connections.close_all()
        taken(exchange)

    scripted.behave(look)
    answering.answer(actor=world.person(), task_id=task.pk, responses=YES, now=database_now())
    assert seen == ["answer_sent"]
