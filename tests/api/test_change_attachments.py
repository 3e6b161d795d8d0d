"""Files of evidence by API: kept once by digest, checked by their content, given back so that nothing runs."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from portal.audit.models import AuditLine
from portal.changes import services
from portal.changes.evidence import check_evidence, clean_file_name
from portal.changes.models import Attachment
from portal.operations.services import database_now
from portal.refusals import Invalid
from portal.roles import ActorType
from tests.api.problems import paths, problem
from tests.documents import runtime_tool_document
from tests.people import actor
from tests.registering import EVIDENCE, proposed

pytestmark = pytest.mark.django_db
FILES = "/api/v1/attachments/"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
LIMIT = 2 * 1024 * 1024
ApiOf = Callable[..., APIClient]


def send(
    api: APIClient, content: bytes, media_type: str = "text/plain", name: str = "notes.txt", **headers: str
) -> Any:
    """A form with one file."""
    return api.post(
        FILES, {"file": SimpleUploadedFile(name, content, content_type=media_type)}, format="multipart", headers=headers
    )


def raw(api: APIClient, content: bytes, media_type: str = "text/plain") -> Any:
    return api.generic("POST", FILES, content, content_type=media_type)


@pytest.mark.parametrize(
    ("content", "media_type", "suffix"),
    [
        (b"%PDF-1.7\n%%EOF", "application/pdf", "pdf"),
        (PNG, "image/png", "png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg", "jpg"),
        ("Größe: 3 µs\n".encode(), "text/plain", "txt"),
        (b"a,b\r\n1,2\r\n", "text/csv", "csv"),
        (b'{"passed": 841}', "application/json", "json"),
    ],
)
def test_each_type_is_kept_and_given_back_for_saving_only(
    api_of: ApiOf, content: bytes, media_type: str, suffix: str
) -> None:
    digest = hashlib.sha256(content).hexdigest()
    for way in (send, raw):
        made = way(api_of("amal"), content, media_type)
        assert made.status_code == (201 if way is send else 200), made.content
        assert (made.json()["digest"], made.json()["size"]) == (digest, len(content))
        assert made.json()["media_type"] == media_type
        assert made["Location"] == f"{FILES}{digest}/"
    found = api_of("vera").get(f"{FILES}{digest}/")
    assert (found.status_code, found.content) == (200, content)
    assert found["Content-Type"].partition(";")[0] == media_type
    assert found["Content-Disposition"] == f'attachment; filename="{digest[:16]}.{suffix}"'
    assert found["X-Content-Type-Options"] == "nosniff"
    assert found["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert "private" in found["Cache-Control"]
    same = api_of("vera").get(f"{FILES}{digest}/", headers={"If-None-Match": found["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    (line,) = AuditLine.objects.filter(action="attachment.store")
    assert (line.object_key, line.after_digest, line.actor_name) == (digest, digest, "amal")


@pytest.mark.parametrize(
    ("content", "media_type", "rule"),
    [
        (b"", "text/plain", "empty"),
        (b"<script>alert(1)</script>", "text/html", "media_type"),
        (b"<svg/>", "image/svg+xml", "media_type"),
        (b"MZ", "application/octet-stream", "media_type"),
        (b"GIF89a", "image/png", "content"),
        (PNG, "application/pdf", "content"),
        (b" %PDF-1.7", "application/pdf", "content"),
        (PNG, "image/jpeg", "content"),
        (PNG, "text/plain", "content"),
        (b"a\x00b", "text/csv", "content"),
        ("Größe".encode("latin-1"), "text/plain", "content"),
        (b'{"a": 1', "application/json", "content"),
        (b"NaN", "application/json", "content"),
        (b"[" * 100_000, "application/json", "content"),
    ],
)
def test_what_is_not_what_it_says_is_refused(api_of: ApiOf, content: bytes, media_type: str, rule: str) -> None:
    for way in (send, raw):
        assert paths(problem(way(api_of("amal"), content, media_type), 422, rule)) == ["file"]
    assert not Attachment.objects.exists()
    assert not AuditLine.objects.filter(action="attachment.store").exists()


def test_two_megabytes_are_kept_and_one_byte_more_is_not(api_of: ApiOf) -> None:
    amal = api_of("amal")
    for way in (send, raw):
        for size in (LIMIT + 1, LIMIT + 100_000):
            assert paths(problem(way(amal, b"x" * size), 413, "too_large")) == ["file"], (way, size)
    # By what is announced alone, without reading any of it.
    announced = amal.generic("POST", FILES, b"x", content_type="text/plain", CONTENT_LENGTH=str(LIMIT * 50))
    problem(announced, 413, "too_large")
    assert not Attachment.objects.exists()
    assert send(amal, b"x" * LIMIT).status_code == 201
    keyed = [send(amal, b"y" * LIMIT, **{"Idempotency-Key": "big"}) for _time in range(2)]
    assert [answer.status_code for answer in keyed] == [201, 201]
    assert keyed[1]["Idempotent-Replayed"] == "true"
    assert raw(amal, b"x" * LIMIT).status_code == 200


def test_any_body_beyond_the_limit_is_a_problem_under_a_key_too(api_of: ApiOf) -> None:
    for headers in ({}, {"Idempotency-Key": "big"}):
        answer = api_of("amal").post("/api/v1/changes/", {"summary": "x" * (LIMIT + 20_000)}, headers=headers)
        problem(answer, 413, "too_large")


def test_a_form_has_one_file(api_of: ApiOf) -> None:
    amal = api_of("amal")
    one, two = (SimpleUploadedFile(name, b"x", content_type="text/plain") for name in ("1.txt", "2.txt"))
    for form in ({}, {"other": one}, {"file": "text"}, {"file": [one, two]}, {"file": one, "more": two}):
        assert paths(problem(amal.post(FILES, form, format="multipart"), 422, "file")) == ["file"], form
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\amal\\report.pdf", "report.pdf"),
        ("cod\u202efdp.exe", "codfdp.exe"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("..", ""),
        ("x" * 300, "x" * 200),
        ("قرار.pdf", "قرار.pdf"),
    ],
)
def test_a_name_is_made_plain_and_never_reaches_the_download(api_of: ApiOf, told: str, plain: str) -> None:
    assert clean_file_name(told) == plain
    made = send(api_of("amal"), b"x", name="f.txt")
    evidence = EVIDENCE | {"attachments": [{"name": told, "digest": made.json()["digest"]}]}
    problems = check_evidence(evidence)[1]
    assert [one.path for one in problems] == ([] if told == plain else ["evidence.attachments.0.name"])


def test_the_answer_tells_the_name_made_plain(api_of: ApiOf) -> None:
    assert send(api_of("amal"), b"x", name="cod\u202efdp.exe").json()["name"] == "codfdp.exe"
    digest = hashlib.sha256(b"x").hexdigest()
    assert raw(api_of("amal"), b"x").json()["name"] == f"{digest[:16]}.txt"
    found = api_of("amal").get(f"{FILES}{digest}/")
    assert "exe" not in found["Content-Disposition"]


def test_the_same_content_keeps_the_type_it_has_had(api_of: ApiOf) -> None:
    amal = api_of("amal")
    assert send(amal, b"{}", "text/plain").status_code == 201
    again = send(amal, b"{}", "application/json")
    assert (again.status_code, again.json()["media_type"]) == (200, "text/plain")
    assert Attachment.objects.count() == 1
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE changes_attachment SET media_type = 'text/csv'")


def test_who_may(api_of: ApiOf) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    problem(send(api_of("vera"), b"x"), 403, "permission_denied")
    problem(send(APIClient(), b"x"), 401, "not_authenticated")
    problem(raw(APIClient(), b"x" * (LIMIT * 2)), 401, "not_authenticated")
    assert send(api_of("amal", actor_type=ActorType.OBSERVER_AGENT.value), b"x").status_code == 201
    assert api_of("vera").get(f"{FILES}{digest}/").status_code == 200
    problem(APIClient().get(f"{FILES}{digest}/"), 401, "not_authenticated")
    problem(api_of("vera").get(f"{FILES}{'0' * 64}/"), 404, "no_such_attachment")
    assert api_of("vera").get(f"{FILES}..%2f/").status_code == 404
    assert api_of("amal").delete(f"{FILES}{digest}/").status_code == 405


def test_evidence_names_only_files_that_were_uploaded(api_of: ApiOf) -> None:
    digest = hashlib.sha256(b"run 841: passed").hexdigest()
    evidence = EVIDENCE | {"attachments": [{"name": "run.txt", "digest": digest}]}
    change = proposed(runtime_tool_document(), evidence=evidence)
    with pytest.raises(Invalid) as refused, transaction.atomic():
        services.submit(actor=actor("amal"), change_id=change.pk, now=database_now())
    assert [one.path for one in refused.value.problems] == ["evidence.attachments.0.digest"]
    assert send(api_of("amal"), b"run 841: passed").json()["digest"] == digest
    assert services.submit(actor=actor("amal"), change_id=change.pk, now=database_now()).state == "in_review"
