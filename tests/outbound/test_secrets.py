"""Credentials by reference."""

from pathlib import Path

import pytest

from portal.outbound.secrets import CredentialError, check_reference, resolve


def test_a_variable_gives_its_text_without_blanks() -> None:
    environ = {"CREDENTIAL_CRM": " token-1\n"}
    assert resolve("env:CREDENTIAL_CRM", secret_dir="", environ=environ) == "token-1"


def test_a_file_of_the_secret_directory_gives_its_text(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text("token-2\n")
    assert resolve("file:crm", secret_dir=str(tmp_path)) == "token-2"


def test_a_link_inside_the_secret_directory_is_followed_as_mounted_secrets_need_it(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "crm").write_text("token-3")
    (tmp_path / "crm").symlink_to(tmp_path / "..data" / "crm")
    assert resolve("file:crm", secret_dir=str(tmp_path)) == "token-3"


def test_no_reference_means_no_credential() -> None:
    assert resolve("", secret_dir="") == ""


@pytest.mark.parametrize(
    "reference",
    [
        "env:SECRET_KEY",
        "env:DATABASE_URL",
        "env:CREDENTIAL_",
        "env:CREDENTIAL_A=B",
        "env:credential_crm",
        "file:../passwd",
        "file:/etc/passwd",
        "file:.hidden",
        "file:..",
        "file:a/b",
        "file:",
        "vault:crm",
        "sk-a-secret-somebody-pasted",
    ],
)
def test_a_malformed_reference_is_refused_by_the_form_and_never_resolved(reference: str, tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="by reference"):
        check_reference(reference)
    with pytest.raises(CredentialError) as refusal:
        resolve(reference, secret_dir=str(tmp_path), environ={"SECRET_KEY": "s3cret", "DATABASE_URL": "s3cret"})
    assert "s3cret" not in str(refusal.value)
    assert "sk-a-secret" not in str(refusal.value)


def test_a_link_out_of_the_secret_directory_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "secrets"
    inside.mkdir()
    (tmp_path / "outside").write_text("token")
    (inside / "crm").symlink_to(tmp_path / "outside")
    with pytest.raises(CredentialError, match="leads outside"):
        resolve("file:crm", secret_dir=str(inside))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"\xff\xfe", "not text"), (b"a\nb", "cannot be sent"), (b"a" * 20_000, "larger than")],
)
def test_a_file_without_a_usable_secret_is_said(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "crm").write_bytes(content)
    with pytest.raises(CredentialError, match=reason):
        resolve("file:crm", secret_dir=str(tmp_path))


def test_a_missing_variable_file_or_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="env:CREDENTIAL_CRM is not set"):
        resolve("env:CREDENTIAL_CRM", secret_dir="", environ={})
    with pytest.raises(CredentialError, match="No such file"):
        resolve("file:crm", secret_dir=str(tmp_path))
    with pytest.raises(CredentialError, match="SECRET_DIR, which is not set"):
        resolve("file:crm", secret_dir="")
