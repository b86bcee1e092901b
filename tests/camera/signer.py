"""Who signs in tests? A key on P-256 for each name, which stays while the tests run."""

import base64
import functools

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lensloop.wire.key_chain import Believed


@functools.cache
def key(name: str = "release") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sign(content: bytes, name: str = "release") -> bytes:
    return key(name).sign(content, ec.ECDSA(hashes.SHA256()))


def in_base64(content: bytes, name: str = "release") -> str:
    return base64.b64encode(sign(content, name)).decode()


def pem(name: str = "release") -> str:
    return public_pem(key(name))


def public_pem(private: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


KEYS = (pem(),)  # what cameras of tests are registered with
BELIEVED = Believed(0, KEYS)
