"""The commands that make people and tokens leave audit lines, and no secret in them."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.forms.models import model_to_dict

from portal.audit.models import AuditLine
from portal.people.models import ApiToken, User
from portal.people.services import digest_of
from portal.roles import ActorType, Role
from tests.people import user

PASSWORD = "tall-green-lanterns-9"

pytestmark = pytest.mark.django_db


def text_of(line: AuditLine) -> str:
    return " ".join(str(value) for value in model_to_dict(line).values())


def create(monkeypatch: pytest.MonkeyPatch, username: str = "rana", password: str = PASSWORD) -> None:
    monkeypatch.setenv("ADMIN_USERNAME", username)
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    call_command("create_administrator", stdout=StringIO())


def test_an_administrator_made_on_the_command_line_is_in_the_audit_log(monkeypatch: pytest.MonkeyPatch) -> None:
    create(monkeypatch)
    rana = User.objects.get(username="rana")
    assert rana.roles == [Role.ADMINISTRATOR]
    assert rana.check_password(PASSWORD)
    line = AuditLine.objects.get(action="user.create")
    assert (line.actor_name, line.actor_type) == (
        "portal:command create_administrator",
        ActorType.AUTOMATED_WORKFLOW,
    )
    assert (line.object_kind, line.object_key) == ("user", "rana")
    assert (line.before_digest, line.after_digest) == ("", digest_of(rana))
    assert PASSWORD not in text_of(line)
    assert rana.password not in text_of(line)


@pytest.mark.parametrize(("username", "password"), [("rana", "short"), ("adam", PASSWORD), ("two words", PASSWORD)])
def test_what_is_refused_leaves_neither_person_nor_line(
    monkeypatch: pytest.MonkeyPatch, username: str, password: str
) -> None:
    user("adam")
    with pytest.raises(CommandError, match="was not created"):
        create(monkeypatch, username, password)
    assert list(User.objects.values_list("username", flat=True)) == ["adam"]
    assert not AuditLine.objects.exists()


def test_the_digest_follows_roles_and_activity_but_not_the_password() -> None:
    adam = user("adam")
    first = digest_of(adam)
    adam.set_password(PASSWORD)
    assert digest_of(adam) == first
    adam.roles = [Role.VIEWER]
    second = digest_of(adam)
    adam.is_active = False
    assert len({first, second, digest_of(adam)}) == 3


def test_a_token_made_on_the_command_line_is_in_the_audit_log() -> None:
    user("amal")
    printed = StringIO()
    call_command("create_token", "amal", name="laptop", stdout=printed)
    line = AuditLine.objects.get(action="token.create")
    assert (line.actor_name, line.object_key) == ("portal:command create_token", "amal")
    assert "laptop" in line.detail
    secrets = (printed.getvalue().strip(), ApiToken.objects.get().digest)
    assert all(secret and secret not in text_of(line) for secret in secrets)
