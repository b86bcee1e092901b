"""Who vouches for a release? AWS KMS, with a key that never leaves it and that cameras know.

Which one signs now, the state table says; before any change of keys it is the stack's first.
"""

import hashlib
import os

from lambdas.aws import clients
from lambdas.aws.keys_item import Renewed
from lambdas.aws.state import StateTable, state_table
from lensloop.wire import succession


def sign(content: bytes, key: str = "") -> bytes:
    """The signature that lensloop.wire.signature verifies. `key`: an ARN; empty for the one that
    signs now.
    """
    return _sign(hashlib.sha256(content).digest(), key or signer(state_table()))


def signer(table: StateTable) -> str:
    return table.keys().signer or os.environ["RELEASE_KEY"]


def public_half(key: str) -> str:
    """In PEM."""
    return succession.pem(clients.kms().get_public_key(KeyId=key)["PublicKey"])


def renewal(table: StateTable, epoch: int, key: str) -> Renewed | None:
    """The release's signature by this key: of what the state table knows as published, not of what
    lies in the bucket. None where it has one by that key, or was never signed.
    """
    digest, before = table.manifest_of(epoch), table.renewed(epoch)
    if not digest or (before and before.signer == key):
        return None
    return Renewed(_sign(bytes.fromhex(digest), key), key)


def renew(table: StateTable, epoch: int) -> None:
    """A release from before the keys were changed is signed by the one that signs now."""
    key = table.keys().signer
    new = renewal(table, epoch, key) if key else None
    if new:
        table.renew(epoch, new)


def _sign(digest: bytes, key: str) -> bytes:
    answer = clients.kms().sign(
        KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )
    return bytes(answer["Signature"])
