"""Values of failing rows reach neither the database nor logs nor pages, by whichever door they come in."""

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from metrics.models import CheckpointRun
from portal.operations.services import database_now
from severity import reconcile, sweep
from tests.metrics.quality.checking import checkpoint, result, state, stored, workflow
from tests.metrics.quality.test_gx import golden, long_traceback
from tests.metrics.quality.test_reading import TEST, VALUES, dbt, one_of, soda

pytestmark = pytest.mark.django_db
PLANTED = "planted"
FILES, RESULTS = "/api/v1/checkpoints/orders-daily/files/", "/api/v1/checkpoints/orders-daily/results/"


def everything() -> str:
    """The text of every row of every table."""
    found = io.StringIO()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(table_name) FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            found.writelines(row for (row,) in cursor.fetchall())
    return found.getvalue()


def now_of(whole: Any) -> Any:
    """The same results, of a run of this moment."""
    for one in whole:
        one["meta"]["run_id"]["run_time"] = database_now().isoformat()
    return whole


def send(api: APIClient, tool: str, body: Any, by_file: bool) -> Any:
    if not by_file:
        return api.post(RESULTS, body | {"tool": tool}, format="json")
    return api.post(FILES, {"file": SimpleUploadedFile("planted.json", json.dumps(body).encode())}, format="multipart")


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("name", ["personal", "sql", "row_condition", "long_traceback"])
def test_of_great_expectations(
    name: str,
    by_file: bool,
    api_of: Callable[..., APIClient],
    client_of: Callable[..., Client],
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = now_of(long_traceback() if name == "long_traceback" else golden(name)["whole"])
    assert PLANTED in json.dumps(whole)
    workflow()
    checkpoint(tool="gx")
    caplog.set_level(logging.DEBUG)
    sent = send(api_of("yusuf"), "gx", {"run_results": whole}, by_file)
    assert sent.status_code in (200, 201), sent.content
    assert state().verdict in ("fail", "error")
    sweep.tick()
    reconcile.tick()
    page = client_of("vera")
    seen = [sent.content.decode(), caplog.text, everything(), api_of("vera").get(RESULTS).content.decode()]
    seen.append(api_of("vera").get(f"{RESULTS}{CheckpointRun.objects.get().pk}/").content.decode())
    pages = ("/checkpoints/orders-daily/", "/workflows/monthly-statement/", "/datasets/sales-orders/", "/incidents/")
    seen += [page.get(address).content.decode() for address in pages]
    assert "orders-daily" in seen[2], "the rows are looked at"
    assert not any(PLANTED in text for text in seen)


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("tool", ["dbt", "soda"])
def test_of_dbt_and_soda(
    tool: str, by_file: bool, api_of: Callable[..., APIClient], caplog: pytest.LogCaptureFixture
) -> None:
    declared = {"dbt": TEST, "soda": "nightly"}[tool]
    stored()
    checkpoint(tool=tool, definitions=[{"name": declared, "suite": "", "asset": ""}])
    body = dbt((TEST, "fail"), (VALUES, "fail")) if tool == "dbt" else soda(one_of("fail", "planted = 1"))
    moment = database_now().isoformat()
    if tool == "dbt":
        body["metadata"]["generated_at"] = moment
    else:
        body["scanEndTimestamp"] = moment
    caplog.set_level(logging.DEBUG)
    sent = send(api_of("yusuf"), tool, body, by_file)
    assert sent.status_code in (200, 201), sent.content
    assert state().verdict == "fail"
    sweep.tick()
    assert not any(PLANTED in text for text in (sent.content.decode(), caplog.text, everything()))


def test_a_refusal_repeats_nothing_of_what_was_sent(
    api_of: Callable[..., APIClient], caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint()
    caplog.set_level(logging.DEBUG)
    for more in (
        {"run_at": "planted"},
        {"run_id": ["planted"]},
        {"checks": [{"definition": "orders", "outcome": "planted"}]},
    ):
        refused = api_of("yusuf").post(RESULTS, result() | more, format="json")
        assert refused.status_code == 422
        assert PLANTED not in refused.content.decode() + caplog.text


def upload(api: APIClient, *contents: bytes, field: str = "file") -> Any:
    files = [SimpleUploadedFile(f"{number}.json", content) for number, content in enumerate(contents)]
    return api.post(FILES, {field: files}, format="multipart")


def test_files_of_one_run_belong_together(api_of: Callable[..., APIClient]) -> None:
    checkpoint(
        tool="gx", definitions=[{"name": one, "suite": f"{one}-suite", "asset": ""} for one in ("orders", "totals")]
    )
    first, second = golden("two_suites")["whole"]
    moment = database_now().isoformat()
    for one in (first, second):
        one["meta"]["run_id"]["run_time"] = moment
    both = upload(api_of("yusuf"), json.dumps(first).encode(), json.dumps([second]).encode())
    assert both.status_code == 200, both.content
    assert [one["verdict"] for one in both.json()["taken"]] == ["pass"]
    first["meta"]["run_id"]["run_time"] = database_now().isoformat()
    assert [one["verdict"] for one in upload(api_of("yusuf"), json.dumps(first).encode()).json()["taken"]] == [
        "incomplete"
    ]
    # Python's own writer spells what is no number; a NUL in what is dropped harms nobody.
    first["results"][0]["result"] = {"element_count": float("nan"), "partial_unexpected_list": ["a\x00b"]}
    first["meta"]["run_id"]["run_time"] = database_now().isoformat()
    assert upload(api_of("yusuf"), json.dumps(first).encode()).status_code == 200


def test_files_that_are_none_are_refused(api_of: Callable[..., APIClient]) -> None:
    checkpoint(tool="gx")
    deep = b'{"a":' * 3_000 + b"1" + b"}" * 3_000
    api = api_of("yusuf")
    for contents, status in (
        ([], 422), ([b""], 422), ([b"{"], 422), ([b"\xff\xfe"], 422), ([deep], 422), ([b"7"], 422), ([b"[]"], 200),
        ([b"[]"] * 101, 400), ([b" " * (2 * 1024 * 1024 + 1)], 413), ([b" " * (4 * 1024 * 1024)], 413),
    ):  # fmt: skip
        assert upload(api, *contents).status_code == status, (contents[:1], status)
    assert upload(api, b"[]", field="other").status_code == 422
    assert api.post(FILES, {}, format="json").status_code == 415
    assert upload(api_of("vera"), b"[]").status_code == 403
    missing = SimpleUploadedFile("a.json", b"[]")
    assert api.post("/api/v1/checkpoints/nowhere/files/", {"file": missing}, format="multipart").status_code == 404
    assert not CheckpointRun.objects.exists()
