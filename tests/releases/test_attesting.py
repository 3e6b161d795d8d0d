"""Attestations: statements of others, signed and not, sound and not."""

import base64
import contextlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from portal.operations.services import database_now
from portal.refusals import Invalid
from severity.gate.services import evaluate
from severity.releases import services
from severity.releases.attesting import PAYLOAD_TYPE, load_key, pae, read
from tests.people import actor
from tests.releases import world

ED, EC = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())


def envelope(statement: Any, key: Any = ED, name: str = "ci", payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
    payload = orjson.dumps(statement)
    message = pae(PAYLOAD_TYPE, payload)
    signature = key.sign(message) if key is ED else key.sign(message, ec.ECDSA(hashes.SHA256()))
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": name, "sig": base64.b64encode(signature).decode()}],
    }


TRUSTED = {"ci": ED.public_key(), "builder": EC.public_key()}


def test_a_bare_statement_is_read_and_signed_by_nobody() -> None:
    found = read(world.provenance(), TRUSTED)
    assert (found.builder, found.commits, found.signed_by) == (
        "https://ci.example.com/runner", frozenset({world.COMMIT}), "",
    )  # fmt: skip


def test_the_older_form_of_provenance_is_read_too() -> None:
    older = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "a", "digest": {"sha256": "ab" * 32}}],
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "predicate": {"builder": {"id": "b"}, "materials": [{"uri": "git+x", "digest": {"sha1": world.COMMIT}}]},
    }
    assert read(older, {}).commits == {world.COMMIT}


@pytest.mark.parametrize(("key", "name"), [(ED, "ci"), (EC, "builder")])
def test_a_signature_of_a_trusted_key_counts(key: Any, name: str) -> None:
    assert read(envelope(world.provenance(), key, name), TRUSTED).signed_by == name
    assert read(envelope(world.provenance(), key, "stranger"), TRUSTED).signed_by == ""


def test_a_signature_that_does_not_hold_is_refused() -> None:
    given_ = envelope(world.provenance())
    given_["payload"] = base64.b64encode(orjson.dumps(world.provenance(builder="https://evil.example"))).decode()
    with pytest.raises(Invalid) as refused:
        read(given_, TRUSTED)
    assert refused.value.rule == "signature"
    with pytest.raises(Invalid):
        read(envelope(world.provenance(), EC, "ci"), TRUSTED)


@pytest.mark.parametrize(
    "given_",
    [
        None, [], "text", {}, {"payload": 1}, {"payloadType": PAYLOAD_TYPE, "payload": "%%%", "signatures": [{}]},
        {"payloadType": PAYLOAD_TYPE, "payload": "e30=", "signatures": []},
        {"payloadType": PAYLOAD_TYPE, "payload": "WzFd", "signatures": [{"keyid": "x", "sig": ""}]},
        envelope(world.provenance(), payload_type="text/plain"),
        world.provenance() | {"_type": "https://in-toto.io/Statement/v9"},
        world.provenance() | {"predicateType": "https://example.com/other"},
        world.provenance() | {"predicate": []},
        world.provenance() | {"predicate": {"runDetails": {"builder": {"id": 7}}}},
        world.provenance() | {"subject": []},
        world.provenance() | {"subject": [{"name": "x"}]},
    ],
)  # fmt: skip
def test_what_is_no_attestation_is_refused_with_its_path(given_: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read(given_, TRUSTED)
    assert refused.value.problems[0].path.startswith("attestation")


NAMES = ["_type", "subject", "predicate", "predicateType", "payload", "payloadType", "signatures", "digest"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(JSON)
def test_anything_else_is_refused_or_read_and_never_signed(given_: Any) -> None:
    with contextlib.suppress(Invalid):
        assert read(given_, TRUSTED).signed_by == ""


def test_keys_of_other_kinds_are_not_taken() -> None:
    pem = (
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="Ed25519"):
        load_key(pem)


@pytest.mark.django_db
def test_a_trusted_signature_clears_the_warning_and_is_kept_once(settings: Any, tmp_path: Path) -> None:
    world.well()
    assert "not_signed" in [one.rule for one in evaluate("r-2026.12", "staging").warnings]
    pem = ED.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ci.pem").write_bytes(pem)
    (tmp_path / "broken.pem").write_text("no key")
    settings.ATTESTATION_KEYS = str(tmp_path)
    told: dict[str, Any] = {"actor": actor("yusuf"), "key": "R-2026.12", "given": envelope(world.provenance())}
    _first, new = services.attest(now=database_now(), **told)
    _again, twice = services.attest(now=database_now(), **told)
    assert (new, twice) == (True, False)
    assert "not_signed" not in [one.rule for one in evaluate("r-2026.12", "staging").warnings]
