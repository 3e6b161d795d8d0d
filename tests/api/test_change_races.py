"""Two at once on the addresses of changes, on real connections."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from portal.audit.models import AuditLine
from portal.changes import attachments
from portal.changes.models import Attachment
from portal.operations.services import database_now
from portal.people.actors import Actor
from tests.people import actor


@pytest.mark.usefixtures("committed")
def test_the_same_file_from_two_at_once_is_kept_once() -> None:
    people = [actor("amal"), actor("noor")]
    starts = [threading.Barrier(2) for _round in range(40)]

    def upload(who: Actor) -> list[bool]:
        try:
            found = []
            for number, start in enumerate(starts):
                start.wait(timeout=30)
                content = b"%d" % number
                stored = attachments.store(actor=who, content=content, media_type="text/plain", now=database_now())
                found.append(stored.created)
            return found
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(upload, people)
    assert [sum(pair) for pair in zip(first, second, strict=True)] == [1] * len(starts)
    assert Attachment.objects.count() == AuditLine.objects.filter(action="attachment.store").count() == len(starts)
