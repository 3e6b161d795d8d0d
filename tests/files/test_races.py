"""Two runs of `registry apply` at the same moment."""

from functools import partial
from pathlib import Path

import pytest

from portal.changes import services
from portal.changes.models import ChangeRequest
from portal.operations.services import database_now
from tests.at_once import FEW, Both
from tests.documents import runtime_tool_document
from tests.files.test_plan import run, write
from tests.people import actor, team, user

pytestmark = pytest.mark.usefixtures("committed")


def test_two_runs_at_once_open_each_change_once(tmp_path: Path, both: Both) -> None:
    team("crm-team")
    user("amal")
    for number in range(4):
        write(tmp_path, runtime_tool_document(f"tool-{number}"))
    asked = partial(run, "apply", tmp_path, "--as", "amal")
    for _time in range(FEW // 4):
        for one in ChangeRequest.objects.filter(state="draft"):
            services.withdraw(actor=actor("amal"), change_id=one.pk, now=database_now())
        assert [answer[0] for answer in both(asked, asked)] == [0, 0]
        held = ChangeRequest.objects.filter(state="draft")
        assert sorted(one.key for one in held) == [f"tool-{number}" for number in range(4)]
