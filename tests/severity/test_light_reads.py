"""Lists and the overview read no documents of connectors, nor what tasks were asked and answered."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.severity.test_pages import incident, signed_in

pytestmark = pytest.mark.django_db
LONG = re.compile(
    r'"connectors_connector"\."document"(?! ->)|"connectors_trackedtask"\."(?:arguments|result|input_requests)"'
)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents/",
        "/incidents/?format=csv",
        "/tasks/",
        "/tasks/?format=csv",
        "/api/v1/incidents/",
        "/api/v1/tasks/",
    ],
)
def test_no_long_column_is_read(path: str) -> None:
    incident()
    client = signed_in()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        answer: Any = client.get(path)
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content) if answer.streaming else answer.content
    heavy = [query["sql"][:300] for query in seen if LONG.search(query["sql"])]
    assert not heavy
    # A document read after all, row by row, would be a query of its own.
    assert len(seen) <= 25
