"""Notices in the language of whoever reads them: on the page, and in the e-mail."""

from collections.abc import Callable
from email.header import decode_header, make_header

import pytest
from django.test import Client
from django.utils import translation

from portal.audit.models import AuditLine
from portal.outbox import delivery
from portal.outbox.wording import subject_words
from portal.people.models import User
from severity import sweep
from severity.models import Incident
from severity.rules import RULES
from severity.wording import title_words
from tests import people
from tests.documents import runtime_tool_document
from tests.outbox.receivers import MailServer
from tests.registering import submitted
from tests.severity.slipping import PASSED, running

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]
NAME = "Crm Lookup"


def slip() -> Incident:
    task = running(deadline=PASSED)
    task.owner.members.add(people.user("omar"), people.user("lina"))
    sweep.tick()
    return Incident.objects.get()


def test_each_reads_an_incident_in_the_own_language(mail_server: MailServer, client_of: ClientOf) -> None:
    incident = slip()
    User.objects.filter(username="omar").update(language="ar")
    delivery.tick()
    mails = {mail.to: mail.message for mail in mail_server.mails}
    arabic, english = mails["omar@portal.example"], mails["lina@portal.example"]
    body = arabic.get_payload(decode=True).decode()
    assert "فات الموعد النهائي: " in body
    assert "/notices/choices/" in body
    assert f"/incidents/{incident.human_id}/" in body
    assert "Deadline passed: " in english.get_payload(decode=True).decode()
    client = client_of("omar")
    client.cookies["language"] = "ar"
    assert "فات الموعد النهائي" in client.get("/notices/").content.decode()
    assert "فات الموعد النهائي" in client.get(incident.get_absolute_url()).content.decode()
    assert "Deadline passed" in client_of("lina").get("/notices/").content.decode()


def test_a_language_is_chosen_once_for_pages_and_mails(client_of: ClientOf) -> None:
    client = client_of("amal")
    answer = client.post("/language/", {"language": "ar", "next": "/tools/"})
    assert answer.headers["Location"] == "/tools/"
    assert User.objects.get(username="amal").language == "ar"
    assert 'dir="rtl"' in client.get("/tools/").content.decode()
    client.post("/language/", {"language": "ar", "next": "/"})
    assert AuditLine.objects.filter(action="user.language").count() == 1
    client.post("/language/", {"language": "xx", "next": "https://evil.example/"})
    assert User.objects.get(username="amal").language == "ar"
    # Another browser, signed in anew, speaks it from the first page on.
    other = Client()
    person = people.user("amal")
    person.set_password("a long pass phrase")
    person.save()
    answer = other.post("/sign-in/", {"username": "amal", "password": "a long pass phrase"})
    assert answer.status_code == 302
    assert 'dir="rtl"' in other.get("/").content.decode()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_rule_has_its_words(rule: object) -> None:
    title = f"{rule.title}: reconcile of {NAME}"  # type: ignore[attr-defined]
    with translation.override("ar"):
        read = title_words(title)
    assert NAME in read
    assert "reconcile" in read
    assert rule.title not in read  # type: ignore[attr-defined]
    assert title_words(title) == title


def _kept(text: str) -> str:
    """What people wrote, in its own direction within an Arabic sentence."""
    return f"\u2068{text}\u2069"


def test_what_people_wrote_stays_as_it_is() -> None:
    with translation.override("ar"):
        assert title_words("Approval late: Change of owner").endswith(f": {_kept('Change of owner')}")
        assert title_words("Deadline passed: run of Ledger of Finance").endswith(
            f": {_kept('run')} من {_kept('Ledger of Finance')}"
        )
        assert title_words("Claim of support-agent: It is done: all").endswith(
            f" {_kept('support-agent')}: {_kept('It is done: all')}"
        )
        assert "Claim" not in title_words("Claim of support-agent: It is done")
        assert title_words("Statements are wrong: all of them") == "Statements are wrong: all of them"
        assert subject_words("incident.opened", "Something else") == "Something else"
        assert subject_words("nobody.knows", "V2 opened: x") == "V2 opened: x"
        assert (
            subject_words("change.applied", "CHG-12 applied: Register: it")
            == f"{_kept('CHG-12')} طُبّق: {_kept('Register: it')}"
        )
        assert subject_words("change.comment", "omar on CHG-12: Why") == (
            f"{_kept('omar')} بشأن {_kept('CHG-12')}: {_kept('Why')}"
        )


def test_a_change_is_told_in_both(mail_server: MailServer) -> None:
    for name in ("omar", "lina"):
        people.user(name)
    User.objects.filter(username="omar").update(language="ar")
    change = submitted(runtime_tool_document("waiting"), summary="Register the waiting one")
    delivery.tick()
    subjects = {mail.to: str(make_header(decode_header(mail.message["Subject"]))) for mail in mail_server.mails}
    assert subjects["omar@portal.example"] == f"{_kept(change.human_id)} أُرسل: {_kept('Register the waiting one')}"
    assert subjects["lina@portal.example"] == f"{change.human_id} submitted: Register the waiting one"
