"""Production refuses to start with an insecure value, and says which."""

import os
import subprocess
import sys

import pytest

from portal.env import ROOT

SOUND = {
    "PORTAL_MODE": "production",
    "ALLOWED_HOSTS": "portal.example.com",
    "PUBLIC_URL": "https://portal.example.com",
    "SECRET_KEY": "k" * 30 + "3f9c1e7ab24d58f06c97d1e2840b6a",
    "DATABASE_URL": "postgresql://portal@db.example.com/portal",
}


def started(tmp_path: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | SOUND | changes
    code = "import portal.settings"
    return subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)


def test_sound_values_start(tmp_path: object) -> None:
    assert started(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "1"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("ALLOWED_HOSTS", ""),
        ("ALLOWED_HOSTS", "*"),
        ("SECURE_COOKIES", "0"),
        ("PUBLIC_URL", "http://portal.example.com"),
    ],
)
def test_an_insecure_value_is_refused_by_name(tmp_path: object, name: str, value: str) -> None:
    refused = started(tmp_path, **{name: value})
    assert refused.returncode != 0
    assert name in refused.stderr.splitlines()[-1]


def test_a_database_that_is_not_postgresql_is_refused(tmp_path: object) -> None:
    assert "PostgreSQL" in started(tmp_path, DATABASE_URL="sqlite:///x.db").stderr
