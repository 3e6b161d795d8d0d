"""No body, address or header makes a server error: every refusal of the changes' addresses is a problem document."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.documents import runtime_tool_document
from tests.people import user
from tests.registering import apply_connector, submitted

pytestmark = pytest.mark.django_db
CHANGES, FILES = "/api/v1/changes/", "/api/v1/attachments/"
ApiOf = Callable[..., APIClient]
POSTS = [
    "changes/",
    "changes/validate/",
    "changes/tie/",
    *(
        f"changes/{{id}}/{verb}/"
        for verb in (
            "submit", "withdraw", "approve", "edit", "reject", "emergency", "review", "rebase", "resubmit", "untie",
            "comments", "watch",
        )
    ),
    "connectors/crm-lookup/revert/",
    "policies/test/",
]  # fmt: skip
DEEP = "[" * 1000 + "]" * 1000
BODIES = [
    "null",
    "1",
    '"text"',
    "[1]",
    '{"": 1}',
    '{"digest": {}, "reason": [], "text": {}, "changes": {}, "choices": 1, "version": [], "kind": {}, "touched": {}}',
    '{"digest": null, "reason": null, "text": null, "changes": null, "choices": null, "version": null, "kind": null}',
    '{"kind": "runtime_tool", "document": {"key": {"a": 1}}}',
    '{"kind": "runtime_tool", "key": "crm-lookup", "patch": {"facets": ' + '{"a":' * 1000 + "1" + "}" * 1000 + "}}",
    '{"kind": "runtime_tool", "document": {"facets": ' + DEEP + "}}",
    '{"kind": "runtime_tool", "document": {}, "evidence": {"links": ' + DEEP + "}}",
    '{"text": ' + DEEP + ', "choices": ' + DEEP + "}",
    '{"kind": "runtime_tool", "document": {}, "apply_after": "9999-12-31T23:59:59-23:59"}',
    '{"kind": "runtime_tool", "document": {}, "apply_before": "0001-01-01T00:00:00+23:59"}',
    '{"version": 1e400}',
    '{"version": 99999999999999999999999}',
    "{",
    "\xff",
]


@pytest.mark.parametrize("where", POSTS)
def test_no_body_makes_a_server_error(api_of: ApiOf, where: str) -> None:
    apply_connector(runtime_tool_document())
    change = submitted(runtime_tool_document(changes={"name": "Next"}))
    person = user("khalid")
    person.roles = ["executive", "engineer", "administrator"]
    person.save()
    api = api_of(person)
    api.raise_request_exception = False
    address = f"/api/v1/{where.format(id=change.pk)}"
    for body in BODIES:
        answer = api.generic("POST", address, body.encode("latin-1"), content_type="application/json")
        assert answer.status_code < 500, (body[:80], answer.content[:300])
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json", (body[:80], answer.content[:300])


@pytest.mark.parametrize("number", ["0", "-1", "CHG-", "CHG-CHG-1", "1e3", "9" * 18, "9" * 19, "%00", "١", "../1"])
@pytest.mark.parametrize("verb", ["", "conflict/", "comments/", "watch/"])
def test_no_number_makes_a_server_error(api_of: ApiOf, number: str, verb: str) -> None:
    api = api_of("vera")
    api.raise_request_exception = False
    assert api.get(f"{CHANGES}{number}/{verb}").status_code == (400 if number == "%00" else 404)


def test_no_patch_of_an_entry_is_too_deep(api_of: ApiOf) -> None:
    apply_connector(runtime_tool_document())
    api = api_of("amal")
    api.raise_request_exception = False
    deep = '{"facets": ' + '{"a":' * 1000 + "1" + "}" * 1001
    answer = api.generic("PATCH", "/api/v1/connectors/crm-lookup/", deep, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b"x"),
        ("text", b"x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"no parts"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x",
         b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n" * 6000 + b"--x--\r\n"),
        ("multipart/form-data; boundary=x",
         b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n" * 150 + b"--x--\r\n"),
        ("application/x-www-form-urlencoded", b"file=x"),
    ],
)  # fmt: skip
def test_no_upload_makes_a_server_error(api_of: ApiOf, content_type: str, body: Any) -> None:
    for headers in ({}, {"Idempotency-Key": "again"}):
        api = api_of("amal")
        api.raise_request_exception = False
        answer = api.generic("POST", FILES, body, content_type=content_type, headers=headers)
        assert 400 <= answer.status_code < 500, answer.content[:300]
        assert answer["Content-Type"] == "application/problem+json", answer.content[:300]
