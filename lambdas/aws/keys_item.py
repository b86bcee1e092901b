"""How is it written down which key signs releases, and how cameras are led to it?

`keys` keeps every change of keys that there was, as it was signed; its number only rises.
`signature#<epoch>` is a release's signature by a key that signs since it was published, because
what lies in the bucket is never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.aws.change import Change
from lambdas.aws.items import KEYS, SIGNATURE
from lensloop.wire.succession import SignedSuccession, parse


@dataclass(frozen=True)
class Keys:
    """`signer`: the ARN of the key that signs; empty while it is the first. `names`: which keys of
    the stack cameras are to believe, 1 for the first, the one that signs first.
    """

    number: int = 0
    signer: str = ""
    names: tuple[int, ...] = (1,)
    chain: tuple[SignedSuccession, ...] = ()
    at: int = 0  # epoch seconds

    @property
    def believed(self) -> tuple[str, ...]:
        """In PEM; nothing before the first change: then the first key is asked for."""
        return parse(self.chain[-1].text).keys if self.chain else ()


@dataclass(frozen=True)
class Renewed:
    """A release's signature by the key with this ARN."""

    signature: bytes
    signer: str


def to_keys(item: Mapping[str, Any]) -> Keys:
    if not item:
        return Keys()
    chain = tuple(
        SignedSuccession(
            one["text"], bytes(one["by_the_one_before"].value), bytes(one["by_itself"].value)
        )
        for one in item["chain"]
    )
    names = tuple(int(name) for name in item["names"])
    return Keys(int(item["number"]), item["signer"], names, chain, int(item["at"]))


def to_renewed(item: Mapping[str, Any]) -> Renewed | None:
    return Renewed(bytes(item["signature"].value), item["signer"]) if item else None


def changed(new: Keys) -> Change:
    """Only as the next one: who was slower must look again."""
    values = {
        "number": new.number,
        "before": new.number - 1,
        "signer": new.signer,
        "names": list(new.names),
        "chain": [one._asdict() for one in new.chain],
        "at": new.at,
    }
    return Change(
        KEYS,
        "SET #number = :number, #signer = :signer, #names = :names, #chain = :chain, #at = :at",
        "attribute_not_exists(#number) OR #number = :before",
        values,
    )


def renewed(epoch: int, new: Renewed) -> Change:
    return Change(
        f"{SIGNATURE}{epoch}",
        "SET #signature = :signature, #signer = :signer",
        values={"signature": new.signature, "signer": new.signer},
    )
