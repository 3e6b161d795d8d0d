"""What is done to several entries chosen in a list: drafts that give them to another team, their files, looks at servers."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
import yaml
from django.test import Client

from connectors.models import Connector, Verification
from portal.audit.models import AuditLine
from portal.changes import services
from portal.changes.models import ChangeRequest, ChangeState
from portal.operations.services import database_now
from tests.documents import data_movement_document, runtime_tool_document
from tests.people import actor, team
from tests.registering import apply_connector

pytestmark = pytest.mark.django_db
Of = Callable[[str], Client]


@pytest.fixture(autouse=True)
def two() -> None:
    apply_connector(runtime_tool_document(key="crm-lookup") | {"name": "CRM lookup"})
    apply_connector(runtime_tool_document(key="erp-lookup") | {"name": "ERP lookup"})
    team("sales-team")


def test_each_gets_a_draft_that_its_author_still_submits(client_of: Of) -> None:
    amal = client_of("amal")
    told = {"chosen": ["crm-lookup", "erp-lookup", "nowhere"], "team": "sales-team"}
    page = amal.post("/tools/chosen/owner/", told).content.decode()
    drafts = ChangeRequest.objects.filter(state=ChangeState.DRAFT).order_by("key")
    assert [(one.key, one.document["owner"], one.base_version) for one in drafts] == [
        ("crm-lookup", "sales-team", 1), ("erp-lookup", "sales-team", 1),
    ]  # fmt: skip
    assert all(f"/changes/{one.human_id}/edit/" in page for one in drafts)
    assert "There is no runtime tool “nowhere”." in page
    assert Connector.objects.get(key="crm-lookup").owner.key == "crm-team", "nothing is applied by it"
    again = amal.post("/tools/chosen/owner/", told).content.decode()
    assert f"Your {drafts[0].human_id} says so already." in again
    assert drafts.count() == 2
    services.withdraw(actor=actor("amal"), change_id=drafts[0].pk, now=database_now())
    amal.post("/tools/chosen/owner/", told)
    assert drafts.count() == 2


def test_what_cannot_be_handed_over_is_told_and_nothing_is_written(client_of: Of) -> None:
    amal = client_of("amal")
    told = {"chosen": ["crm-lookup"], "team": "sales-team"}
    answer = amal.post("/tools/chosen/owner/", told | {"team": "no-team\0"})
    assert answer.status_code == 422
    assert "There is no team" in answer.content.decode()
    assert amal.post("/tools/chosen/owner/", told | {"chosen": []}).status_code == 422
    assert amal.post("/tools/chosen/owner/", told | {"chosen": [f"k-{n}" for n in range(500)]}).status_code == 422
    assert "belongs to" in amal.post("/tools/chosen/owner/", told | {"team": "crm-team"}).content.decode()
    assert client_of("vera").post("/tools/chosen/owner/", told).status_code == 403
    assert not ChangeRequest.objects.filter(state=ChangeState.DRAFT).exists()
    assert amal.get("/tools/chosen/owner/").status_code == 302


def test_their_files_are_those_of_an_export(client_of: Of) -> None:
    apply_connector(data_movement_document(key="crm-sync"))
    answer = client_of("vera").post("/tools/chosen/export/", {"chosen": ["crm-lookup", "erp-lookup", "crm-sync"]})
    assert answer["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    assert archive.namelist() == ["connectors/crm-lookup.yaml", "connectors/erp-lookup.yaml"], "tools alone"
    assert yaml.safe_load(archive.read("connectors/crm-lookup.yaml"))["name"] == "CRM lookup"
    assert client_of("vera").post("/tools/chosen/export/", {"chosen": []}).status_code == 422
    assert client_of("vera").post("/tools/chosen/export/", {"chosen": ["nowhere"]}).status_code == 404


def test_workers_are_asked_for_looks_and_each_refusal_is_told(client_of: Of) -> None:
    apply_connector(data_movement_document(key="crm-sync"))
    Verification.objects.update(probe_at=database_now() + timedelta(days=1))
    amal = client_of("amal")
    page = amal.post("/tools/probe/chosen/", {"chosen": ["crm-lookup", "crm-sync", "nowhere", "\0"]}).content.decode()
    due = Verification.objects.filter(probe_at__lte=database_now()).values_list("connector__key", flat=True)
    assert list(due) == ["crm-lookup"]
    assert "only runtime tools have tools" in page
    assert "There is no connector “nowhere”." in page
    assert AuditLine.objects.filter(action="tools.ask_probe", object_key="crm-lookup", actor_name="amal").count() == 1
    assert amal.post("/tools/probe/chosen/", {"chosen": []}).status_code == 422
    assert client_of("vera").post("/tools/probe/chosen/", {"chosen": ["crm-lookup"]}).status_code == 403


def test_the_list_has_a_box_for_each_row_and_the_acts_that_one_may_do(client_of: Of) -> None:
    page = client_of("amal").get("/tools/").content.decode()
    assert page.count('name="chosen"') == 2
    for act in ("/tools/chosen/owner/", "/tools/chosen/export/", "/tools/probe/chosen/"):
        assert f'action="{act}"' in page
    viewed = client_of("vera").get("/tools/").content.decode()
    assert "/tools/chosen/export/" in viewed
    assert "/tools/chosen/owner/" not in viewed
    assert 'form="bulk"' not in client_of("amal").get("/metrics/").content.decode()
