"""Signatures in plain Python agree with RFC 8032 and with OpenSSL, on what is right, wrong and malleable."""

import random
import secrets

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from portal_allowlist.ed25519 import _ORDER, _P, _decoded, _encoded, is_key, verify, verify_in_python

# RFC 8032, section 7.1: (secret key, public key, message, signature); TEST SHA(abc) and TEST 1024 by their message alone.
VECTORS = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"),
]  # fmt: skip
WAYS = pytest.mark.parametrize("way", [verify, verify_in_python])


def by_openssl(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@WAYS
@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(way: object, secret: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    told = (bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature))
    assert way(*told)
    assert not way(told[0], told[1] + b"\0", told[2])


def test_it_agrees_with_openssl_on_thousands_of_cases() -> None:
    told = random.Random(8032)
    right = wrong = 0
    for number in range(1_000):
        key = Ed25519PrivateKey.generate()
        public, message = key.public_key().public_bytes_raw(), secrets.token_bytes(told.randrange(200))
        signature = key.sign(message)
        assert verify_in_python(public, message, signature)
        right += 1
        # One bit of the key, the message or the signature, anywhere.
        for part in range(3):
            parts = [bytearray(public), bytearray(message or b"m"), bytearray(signature)]
            parts[part][told.randrange(len(parts[part]))] ^= 1 << told.randrange(8)
            changed = [bytes(one) for one in parts]
            expected = by_openssl(*changed)
            assert verify_in_python(*changed) is expected, (number, part, [one.hex() for one in changed])
            wrong += not expected
    assert (right, wrong) == (1_000, 3_000)


@WAYS
def test_a_signature_is_not_malleable(way: object) -> None:
    key = Ed25519PrivateKey.generate()
    public, message = key.public_key().public_bytes_raw(), b"what may be called"
    signature = key.sign(message)
    scalar = int.from_bytes(signature[32:], "little")
    for times in range(1, 16):
        moved = scalar + times * _ORDER
        if moved < 2**256:
            assert not way(public, message, signature[:32] + moved.to_bytes(32, "little")), times
    assert not way(public, message, signature[:32] + (_ORDER - scalar).to_bytes(32, "little"))
    assert not way(public, message, bytes([signature[0], *signature[1:31], signature[31] ^ 0x80]) + signature[32:])
    for length in (0, 1, 32, 63, 65, 128):
        assert not way(public, message, (signature * 2)[:length] if length != 64 else signature)
    for length in (0, 31, 33):
        assert not way((public * 2)[:length], message, signature)


# The eight points of small order, and ways of writing some of them and the neutral one that are not canonical.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("public", SMALL)
def test_a_point_of_small_order_is_no_key(public: str) -> None:
    """With such a key a signature of zeros holds for some message or other: it is refused before anything is verified."""
    assert not is_key(bytes.fromhex(public))


def test_what_is_a_key() -> None:
    for _ in range(50):
        assert is_key(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert not is_key(b"\2" + bytes(31)), "no point of the curve has this y"
    assert not is_key(b"")
    assert not is_key(bytes(33))
    for _ in range(50):
        data = secrets.token_bytes(32)
        point = _decoded(data)
        assert point is None or _encoded(point) == data
    assert _decoded((_P + 3).to_bytes(32, "little")) is None
