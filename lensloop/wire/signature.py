"""Did one of these keys sign this? ECDSA on the curve P-256 over SHA-256, as AWS KMS signs.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

from typing import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from lensloop.wire.errors import LensloopError


class BadKey(LensloopError):
    """What must be a release key is none."""


def verify(keys: Iterable[str], content: bytes, signature: bytes) -> bool:
    """`keys` are PEM. Raises BadKey for one that is no key on P-256."""
    return any(_signed(public_key(key), content, signature) for key in keys)


def public_key(pem: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadKey(f"This is no public key in PEM: {error}.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadKey("A release key must be on the elliptic curve P-256, and this one is not.")
    return key


def _signed(key: ec.EllipticCurvePublicKey, content: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
