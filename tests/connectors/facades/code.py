"""Planted code: what must be found, and what only looks like it."""

from pathlib import Path

from connectors.facades.bans import Facade
from connectors.facades.checking import Checked, check

FACADES = [
    Facade("payments", "facades.pay", ("stripe",), ("stripe",)),
    Facade("warehouse", "facades.google", ("google",), ()),
    Facade("files", "facades/files", ("google.cloud.storage",), ("@google-cloud/storage",)),
    Facade("crm-lookup", "facades.crm", ("simple_salesforce",), ("@salesforce/core",)),
    Facade("crm-update", "facades.crm_update", ("simple_salesforce",), ()),
]
PAY, CRM = ("payments",), ("crm-lookup", "crm-update")


def planted(folder: Path, **files: str) -> Path:
    """Files by their paths, with `__` for a slash and `_DOT_` for other endings than .py."""
    for name, text in files.items():
        path, _dot, ending = name.replace("__", "/").partition("_DOT_")
        write(folder, f"{path}.{ending or 'py'}", text)
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def checked(*paths: Path, python_only: bool = True, exclude: list[str] | None = None) -> Checked:
    return check(paths, FACADES, python_only=python_only, exclude=exclude or [])


def rules(*paths: Path, python_only: bool = True) -> list[tuple[int, str]]:
    """Lines and rules of what is found in one file."""
    return [(one.line, one.rule) for one in checked(*paths, python_only=python_only).findings]
