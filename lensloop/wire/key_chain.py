"""Whom does a camera believe after these successions? It follows them one by one, each only if the
key that it believed first until then has signed it.

Python 3.7 syntax: this file also lands on cameras.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence, Tuple

from lensloop.wire import signature
from lensloop.wire.errors import LensloopError
from lensloop.wire.succession import SignedSuccession, Succession, parse


class BrokenChain(LensloopError):
    """The order's keys do not follow from those that this camera believes."""


class Believed(NamedTuple):
    number: int = 0  # of the succession that named these; 0: the registration did
    keys: Tuple[str, ...] = ()  # PEM; the first alone may name the next


def after(chain: Sequence[SignedSuccession], project: str, believed: Believed) -> Believed:
    """All or none. One that this camera has followed, or was registered after, says nothing new: an
    old order that is played back moves no key. Raises BrokenChain, SuccessionError or BadKey.
    """
    for signed in chain:
        said = parse(signed.text)
        if said.project != project:
            raise BrokenChain(
                f"the order's keys are for project {said.project!r} and this camera belongs to"
                f" {project!r}"
            )
        if said.number > believed.number:
            _check(signed, said, believed)
            believed = Believed(said.number, said.keys)
    return believed


def _check(signed: SignedSuccession, said: Succession, believed: Believed) -> None:
    if said.number != believed.number + 1:
        raise BrokenChain(
            f"the order's keys are change {said.number} and this camera knows them up to"
            f" {believed.number}; run `lensloop camera add` again for its folder and copy"
            " release-key.pem and camera.json to it"
        )
    content = signed.text.encode()
    if not signature.verify(believed.keys[:1], content, signed.by_the_one_before):
        raise BrokenChain(
            f"change {said.number} of keys was not signed by the key that this camera believes"
        )
    for key in said.keys:
        signature.public_key(key)  # one that cannot be read would lock this camera for ever
    if not signature.verify(said.keys[:1], content, signed.by_itself):
        raise BrokenChain(f"change {said.number} of keys was not signed by the key that it names")
