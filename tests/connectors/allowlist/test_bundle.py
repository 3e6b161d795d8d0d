"""The list over the API, plain and signed: validators, keys, what an unchanged answer costs."""

import base64
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from connectors.allowlist import bundle, keys, reading
from connectors.allowlist.keys import KeyProblem, NoKey, signing_key
from connectors.allowlist.reading import Standing
from connectors.models import Connector
from tests.connectors.allowlist.world import AGENT, READ, WRITE, document, line, rewritten, tool

pytestmark = pytest.mark.django_db
ApiOf = Callable[..., APIClient]
LIST = f"/api/v1/allowlist/?agent={AGENT}"
BUNDLE = f"/api/v1/allowlist/bundle/?agent={AGENT}&environment=prod"


@pytest.fixture(autouse=True)
def _fresh_keys(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    keys._loaded.cache_clear()
    keys._public.cache_clear()
    yield
    keys._loaded.cache_clear()
    keys._public.cache_clear()


def opened(token: bytes | str, agent: str = AGENT) -> dict[str, Any]:
    """The payload, verified by another implementation."""
    found: dict[str, Any] = jwt.decode(
        token if isinstance(token, str) else token.decode(),
        signing_key().private.public_key(),
        algorithms=["EdDSA"],
        audience=agent,
        issuer="http://127.0.0.1:8000",
    )
    return found


def test_the_signed_list_is_verified_by_another_implementation(api_of: ApiOf) -> None:
    tool(document(allowlist=[line(READ, environments=("dev",)), line(WRITE, agent="sales-agent")]))
    tool(document("other"))
    answer = api_of("vera").get(BUNDLE)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/jose")
    told = opened(answer.content)
    assert (told["aud"], told["agent"], told["environment"], told["revision"]) == (AGENT, AGENT, "prod", 2)
    assert told["exp"] - told["iat"] == 900
    assert abs(told["iat"] - datetime.now(UTC).timestamp()) < 60
    assert [(one["key"], [op["name"] for op in one["operations"]]) for one in told["connectors"]] == [("other", [READ])]
    assert jwt.get_unverified_header(answer.content) == {
        "alg": "EdDSA", "typ": "portal-allowlist+jws", "kid": signing_key().kid
    }  # fmt: skip
    negotiated = api_of("vera").get(f"{LIST}&environment=prod", headers={"Accept": "application/jose"})
    assert opened(negotiated.content)["connectors"] == told["connectors"]
    assert api_of("vera").get(f"{LIST}&environment=prod").json() == {
        name: one for name, one in told.items() if name not in ("iss", "aud", "iat", "exp")
    }


def test_an_agent_that_nobody_names_gets_an_empty_list_that_is_signed(api_of: ApiOf) -> None:
    answer = api_of("vera").get("/api/v1/allowlist/bundle/?agent=stranger&environment=prod")
    told = opened(answer.content, "stranger")
    assert (told["revision"], told["connectors"]) == (0, [])


@pytest.mark.parametrize("address", [LIST, f"{LIST}&environment=prod", BUNDLE])
def test_an_unchanged_list_is_told_by_one_row_found_by_its_index(api_of: ApiOf, address: str) -> None:
    connector = tool()
    for number in range(40):
        tool(document(f"tool-{number}", allowlist=[line(READ, agent=f"agent-{number}")]))
    api = api_of("vera")
    first = api.get(address)
    assert first.status_code == 200
    with CaptureQueriesContext(connection) as queries:
        same = api.get(address, headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    own = [one["sql"] for one in queries if "people_" not in one["sql"]]
    assert len(own) == 1, own
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {own[0]}")
        plan = [row[0] for row in cursor.fetchall()]
    # What it reads of tables: one row of one, by its unique index.
    (scan,) = [step for step in plan if " on " in step]
    assert re.search(r"Index Scan using connectors_agentallowlist_agent_\S+ on connectors_agentallowlist", scan), plan
    assert re.search(r"\(actual rows=1(\.00)? loops=1\)", scan), plan
    rewritten(connector, allowlist=[line(READ, WRITE)])
    changed = api.get(address, headers={"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)


def test_the_validator_is_of_the_list_the_environment_the_key_and_the_half_life() -> None:
    key, now = signing_key(), datetime(2026, 11, 25, 12, tzinfo=UTC)
    other = keys.SigningKey("another", Ed25519PrivateKey.generate())

    def tag(
        revision: int = 1, agent: str = AGENT, environment: str = "prod", by: keys.SigningKey = key, later: int = 0
    ) -> str:
        return bundle.etag(Standing(now + timedelta(seconds=later), revision), agent, environment, by)

    assert tag() == tag()
    assert len({tag(), tag(2), tag(environment="dev"), tag(by=other), tag(later=450), tag(later=900)}) == 6
    # Within one life every list is signed anew once, or twice, never later than at its half.
    turns = [tag(later=second) for second in range(900)]
    lengths = [turns.count(one) for one in dict.fromkeys(turns)]
    assert max(lengths) == 450
    # Not all agents at once.
    begins = {
        [tag(agent=f"agent-{n}", later=s) for s in range(450)].index(tag(agent=f"agent-{n}", later=449))
        for n in range(20)
    }
    assert len(begins) > 10


def test_the_plain_and_the_signed_answer_have_validators_of_their_own(api_of: ApiOf) -> None:
    tool()
    api = api_of("vera")
    plain, every, signed = api.get(f"{LIST}&environment=prod"), api.get(LIST), api.get(BUNDLE)
    assert len({plain["ETag"], every["ETag"], signed["ETag"]}) == 3
    assert {one["Vary"].split(", ")[0] for one in (plain, signed)} == {"Accept"}
    assert api.get(BUNDLE, headers={"If-None-Match": plain["ETag"]}).status_code == 200
    assert api.get(BUNDLE, headers={"If-None-Match": f'W/{signed["ETag"]}, "x"'}).status_code == 304


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/allowlist/", "/api/v1/allowlist/?agent=", f"{LIST}&environment=moon", "/api/v1/allowlist/bundle/",
        f"/api/v1/allowlist/bundle/?agent={AGENT}", f"/api/v1/allowlist/?agent={'a' * 61}",
    ],
)  # fmt: skip
def test_a_question_that_names_too_little_is_refused(api_of: ApiOf, address: str) -> None:
    answer = api_of("vera").get(address)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    signed = api_of("vera").get(LIST, headers={"Accept": "application/jose"})
    assert (signed.status_code, signed.json()["errors"][0]["path"]) == (422, "environment")
    assert APIClient().get(address).status_code == 401


def test_the_revision_and_the_content_are_of_one_moment() -> None:
    """One statement: there is no moment between reading the revision and reading the content."""
    tool()
    with CaptureQueriesContext(connection) as queries:
        reading.allowed(AGENT, "prod")
    assert len(queries) == 1


def test_the_connectors_of_an_agent_are_found_by_an_index() -> None:
    for number in range(60):
        tool(document(f"tool-{number}", allowlist=[line(READ, agent=f"agent-{number}")]))
    with CaptureQueriesContext(connection) as queries:
        standing, found = reading.allowed("agent-7", "prod")
    assert [one["key"] for one in found["connectors"]] == ["tool-7"]
    with connection.cursor() as cursor:
        # So few rows are found as well by their kind.
        cursor.execute(
            "DROP INDEX connector_kind_state, connector_kind_name, connector_kind_id, connector_kind_sensitivity,"
            " connector_kind_impacting"
        )
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {queries[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "connector_allowlisted" in plan, plan
    assert Connector.objects.count() == 60
    assert standing.revision == 1


def pem(private: Any, password: bytes | None = None) -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return str(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how).decode())


def public_pem(private: Any) -> str:
    return str(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def test_outside_production_one_key_is_made_for_all_processes(tmp_path: Path, settings: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: keys._made_once(tmp_path / "k.pem"), range(8)))
    assert len(made) == 1
    assert stat.S_IMODE(os.stat(tmp_path / "k.pem").st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["k.pem"]
    first = signing_key().kid
    keys._loaded.cache_clear()
    assert signing_key().kid == first


def test_a_key_by_reference(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    kid = keys.kid_of(private.public_key())
    (tmp_path / "key.pem").write_text(pem(private))
    monkeypatch.setenv("SIGNING", pem(private).replace("\n", "\\n"))
    monkeypatch.setenv("SEED", base64.urlsafe_b64encode(private.private_bytes_raw()).rstrip(b"=").decode())
    for reference in (f"file:{tmp_path}/key.pem", "env:SIGNING", "env:SEED"):
        settings.ALLOWLIST_SIGNING_KEY = reference
        assert signing_key().kid == kid, reference


def test_a_key_that_is_none_is_refused_without_being_told(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, api_of: ApiOf
) -> None:
    settings.SECRET_DIR = str(tmp_path / "secrets")
    (tmp_path / "secrets").mkdir()
    private = Ed25519PrivateKey.generate()
    (tmp_path / "secrets" / "key.pem").write_text(pem(private))
    (tmp_path / "link.pem").symlink_to(tmp_path / "secrets" / "key.pem")
    (tmp_path / "rsa.pem").write_text(pem(generate_private_key(65537, 1024)))
    (tmp_path / "locked.pem").write_text(pem(private, b"word"))
    (tmp_path / "public.pem").write_text(public_pem(private))
    (tmp_path / "large.pem").write_text(pem(private) + " " * 20_000)
    (tmp_path / "binary.pem").write_bytes(b"\xff" * 32)
    monkeypatch.setenv("CREDENTIAL_KEY", pem(private))
    names = ("secrets/key", "link", "rsa", "locked", "public", "large", "binary", "missing")
    for reference in (
        "env:CREDENTIAL_KEY", "env:NOT_SET_AT_ALL", "env:lower", "file:relative.pem", pem(private), "x:y", "file:/",
        *(f"file:{tmp_path}/{name}.pem" for name in names),
    ):  # fmt: skip
        settings.ALLOWLIST_SIGNING_KEY = reference
        with pytest.raises(NoKey) as refused:
            signing_key()
        assert "PRIVATE KEY" not in str(refused.value).replace("no private key", ""), reference
        assert pem(private).splitlines()[1] not in refused.value.message
    answer = api_of("vera").get(BUNDLE)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:portal:problem:no_signing_key")
    assert api_of("vera").get(LIST).status_code == 200


def test_production_without_a_key_says_what_to_do(settings: Any, api_of: ApiOf) -> None:
    settings.PRODUCTION = True
    answer = api_of("vera").get(BUNDLE)
    assert answer.status_code == 503
    assert "ALLOWLIST_SIGNING_KEY" in answer.json()["detail"]
    assert api_of("vera").get("/api/v1/allowlist/keys/").json() == {"keys": []}
    assert [one.id for one in run_checks() if one.id == "connectors.W001"] == ["connectors.W001"]
    settings.PRODUCTION = False
    assert not [one for one in run_checks() if one.id == "connectors.W001"]


def test_the_key_before_and_the_key_to_come_are_shown_beside_the_one_that_signs(
    settings: Any, tmp_path: Path, api_of: ApiOf
) -> None:
    before = Ed25519PrivateKey.generate()
    (tmp_path / "before.pem").write_text(public_pem(before))
    settings.ALLOWLIST_PUBLISHED_KEYS = [f"file:{tmp_path}/before.pem"]
    api = api_of("vera")
    shown = api.get("/api/v1/allowlist/keys/").json()["keys"]
    assert [one["kid"] for one in shown] == [signing_key().kid, keys.kid_of(before.public_key())]
    assert {(one["kty"], one["crv"], one["use"], one["alg"]) for one in shown} == {("OKP", "Ed25519", "sig", "EdDSA")}
    found = jwt.PyJWKSet.from_dict({"keys": shown})
    token = api.get(BUNDLE).content.decode()
    assert jwt.decode(token, found[signing_key().kid].key, algorithms=["EdDSA"], audience=AGENT)["agent"] == AGENT
    assert "d" not in json.dumps([list(one) for one in shown]).split('"')
    (tmp_path / "before.pem").write_text("no key")
    keys._public.cache_clear()
    assert api.get("/api/v1/allowlist/keys/").status_code == 503
    with pytest.raises(KeyProblem):
        keys.private_of("x" * 43 + "!")
