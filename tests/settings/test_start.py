"""Where the settings lie, and that the tests' own portal starts without a warning."""

import os
import subprocess
import sys

from portal.env import ROOT


def test_a_portal_under_test_starts_without_a_warning(tmp_path: object) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PORTAL_MODE": "test",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://portal@db.example.com/portal",
    }
    code = "import portal.wsgi"
    done = subprocess.run(
        [sys.executable, "-W", "always::UserWarning", "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "No directory at" not in done.stderr


def test_the_settings_stay_one_file_that_can_be_read() -> None:
    assert len((ROOT / "portal" / "settings.py").read_text(encoding="utf-8").splitlines()) <= 300
