"""Is only what a known key signed believed?"""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from lensloop.wire.signature import BadKey, public_key, verify
from tests.camera.signer import pem, public_pem, sign

SIGNATURE = sign(b"manifest")


def test_what_one_of_the_keys_signed_is_verified() -> None:
    assert verify([pem()], b"manifest", SIGNATURE)
    assert verify([pem("other"), pem()], b"manifest", SIGNATURE)


@pytest.mark.parametrize(
    ("keys", "content", "signature"),
    [
        ([], b"manifest", SIGNATURE),
        ([pem("other")], b"manifest", SIGNATURE),
        ([pem()], b"manifesT", SIGNATURE),
        ([pem()], b"", SIGNATURE),
        ([pem()], b"manifest", b""),
        ([pem()], b"manifest", SIGNATURE[:-1]),
        ([pem()], b"manifest", SIGNATURE + b"\0"),
        ([pem()], b"manifest", b"\x30\x06\x02\x01\x00\x02\x01\x00"),  # r = s = 0
    ],
    ids=["no key", "other key", "other content", "nothing", "none", "cut", "longer", "zeros"],
)
def test_nothing_else_is(keys: list[str], content: bytes, signature: bytes) -> None:
    assert not verify(keys, content, signature)


def _ed25519() -> str:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "no public key in PEM"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (_ed25519(), "must be on the elliptic curve P-256"),
        (public_pem(ec.generate_private_key(ec.SECP384R1())), "must be on the elliptic curve"),
    ],
    ids=["empty", "damaged", "Ed25519", "P-384"],  # the keys are made anew by each process
)
def test_a_key_of_another_kind_is_refused_with_a_sentence(key: str, sentence: str) -> None:
    with pytest.raises(BadKey, match=sentence):
        public_key(key)
