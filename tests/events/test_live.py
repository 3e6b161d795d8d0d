"""Files against a live registry: the portal itself over a socket, and ones that answer badly."""

import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from pytest_django.live_server_helper import LiveServer

from events import exchange
from portal.outbound.client import client
from tests.events.registering import SCHEMA, changed, family, schema_document, signed, version
from tests.events.test_registry import with_field


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("registry", "schemas", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def drift(
    committed: None, served: LiveServer, token_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Path], str]]:
    """What the command says of files and the portal's own registry API."""
    monkeypatch.setenv("CREDENTIAL_REGISTRY", f"vera:{token_of('vera')}")

    def ask(root: Path) -> str:
        out = io.StringIO()
        try:
            call_command(
                "registry", "schemas", "drift", str(root), "--registry", f"{served.url}/registry",
                "--credential", "env:CREDENTIAL_REGISTRY", stdout=out, stderr=out,
            )  # fmt: skip
        except CommandError as error:
            return out.getvalue() if error.returncode == 1 else str(error)
        return out.getvalue()

    yield ask
    # Its kept connection would keep one of the server's to the database.
    client()._kept.close()


def test_files_and_a_live_registry_agree_until_one_of_them_changes(
    drift: Callable[[Path], str], tmp_path: Path
) -> None:
    family("money")
    version("1.0.0", {"type": "object", "properties": {"amount": {"type": "integer"}}}, family="money")
    family(channel="commerce.placed")
    version()
    version("1.1.0", with_field())
    exchange.export(tmp_path)
    assert drift(tmp_path) == "Files and registry agree.\n"
    signed(changed(schema_document(), to_state="deprecated"))
    signed(changed(schema_document(), to_state="retired"))
    assert drift(tmp_path) == "Files and registry agree.\n", "what is retired is still there"
    version("1.2.0", with_field() | {"title": "Order"})
    family("payment-made", channel="payments")
    version(family="payment-made")
    assert drift(tmp_path).splitlines() == [
        "only_in_registry: order-placed-value version 3",
        "only_in_registry: payment-made-value",
    ]
    (tmp_path / "order-placed" / "1.3.0.json").write_bytes(orjson.dumps(SCHEMA | {"title": "Another"}))
    (tmp_path / "order-placed" / "1.3.0.about.json").write_bytes(
        orjson.dumps(
            {"name": "O", "description": "An order.", "owner": "crm-team"}
            | {"waiver_reason": "x", "waiver_expires": "2027-01-31"}
        )
    )
    told = orjson.loads((tmp_path / "money" / "family.json").read_bytes())
    (tmp_path / "money" / "family.json").write_bytes(orjson.dumps(told | {"compatibility": "FULL"}))
    assert {"differs: money/family.json", "only_in_files: order-placed/1.3.0.json"} < set(drift(tmp_path).splitlines())


class Bad(BaseHTTPRequestHandler):
    """Answers everything with what the test says."""

    status = 200
    body = b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_given: Any) -> None:
        """Nothing."""


@pytest.fixture
def bad() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bad)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (200, b"{"), (200, b"{}"), (200, b"5"), (200, b'["order-placed-value"]'), (500, b"[]"), (401, b"[]"),
     (302, b"[]"), (200, b"[" + b"1," * 1_000_000 + b"1]")],
)  # fmt: skip
def test_a_registry_that_answers_badly_is_told_and_nothing_else(
    bad: str, tmp_path: Path, status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bad, "status", status)
    monkeypatch.setattr(Bad, "body", body)
    (tmp_path / "order-placed").mkdir()
    (tmp_path / "order-placed" / "family.json").write_bytes(
        orjson.dumps({"name": "O", "description": "O", "owner": "crm-team", "channel": "x", "compatibility": "FULL",
                      "sensitivity_class": "S1"})
    )  # fmt: skip
    with pytest.raises(CommandError) as caught:
        run("drift", str(tmp_path), "--registry", bad)
    assert caught.value.returncode == 2
    assert bad in str(caught.value) or "no JSON Schema" in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [("--registry", "http://127.0.0.1:9"), ("--registry", "ftp://x.example"), ("--registry", "http://10.0.0.1/registry"),
     ("--registry", "http://127.0.0.1:9", "--credential", "secret"),
     ("--registry", "http://127.0.0.1:9", "--credential", "env:CREDENTIAL_THAT_IS_NOT_SET")],
)  # fmt: skip
def test_an_address_or_a_credential_that_is_none_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        run("drift", str(tmp_path), *arguments)
    assert caught.value.returncode == 2
