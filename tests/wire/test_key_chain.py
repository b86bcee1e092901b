"""Whom does a camera believe after what it was sent? Only whom its key before has named, one change
after the other.
"""

from typing import NamedTuple

import pytest

from lensloop.wire.errors import LensloopError
from lensloop.wire.key_chain import Believed, after
from lensloop.wire.signature import BadKey
from lensloop.wire.succession import SignedSuccession, Succession, text
from tests.camera import signer

A, B, C, EVIL = (signer.pem(name) for name in ("a", "b", "c", "evil"))
REGISTERED = Believed(0, (A,))


def change(
    number: int, keys: tuple[str, ...], by: str, itself: str, project: str = "trash"
) -> SignedSuccession:
    """Signed by the keys with these names."""
    content = text(Succession(project, number, keys))
    signed = (signer.sign(content.encode(), by), signer.sign(content.encode(), itself))
    return SignedSuccession(content, *signed)


# As they come to be: b beside a, b alone, c at once.
BESIDE, ALONE = change(1, (B, A), "a", "b"), change(2, (B,), "b", "b")
AT_ONCE = change(3, (C,), "b", "c")
CHAIN = [BESIDE, ALONE, AT_ONCE]


class Follows(NamedTuple):
    believed: Believed
    chain: list[SignedSuccession]
    then: Believed


FOLLOWED = {
    "none": Follows(REGISTERED, [], REGISTERED),
    "the first": Follows(REGISTERED, [BESIDE], Believed(1, (B, A))),
    "all, after a long absence": Follows(REGISTERED, CHAIN, Believed(3, (C,))),
    "the rest": Follows(Believed(1, (B, A)), CHAIN, Believed(3, (C,))),
    "registered since": Follows(Believed(2, (B,)), CHAIN, Believed(3, (C,))),
    "registered with the newest": Follows(Believed(3, (C,)), CHAIN, Believed(3, (C,))),
    "an old one that is played back": Follows(Believed(3, (C,)), [BESIDE], Believed(3, (C,))),
    "old ones by a key that is lost": Follows(
        Believed(3, (C,)), [change(2, (EVIL,), "a", "evil")], Believed(3, (C,))
    ),
    "one whose first part was dropped": Follows(Believed(2, (B,)), CHAIN[2:], Believed(3, (C,))),
    "back to the first key": Follows(
        Believed(2, (B,)), [change(3, (A, B), "b", "a")], Believed(3, (A, B))
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_camera_follows_whom_its_key_has_named(name: str) -> None:
    believed, chain, then = FOLLOWED[name]
    assert after(chain, "trash", believed) == then


class Refused(NamedTuple):
    believed: Believed
    chain: list[SignedSuccession]
    why: str


NOT_BELIEVED = "was not signed by the key that this camera believes"
ATTACKS = {
    "a stranger names itself": Refused(
        REGISTERED, [change(1, (EVIL,), "evil", "evil")], NOT_BELIEVED
    ),
    "the new key alone signs": Refused(REGISTERED, [change(1, (B,), "b", "b")], NOT_BELIEVED),
    "a key that nobody holds is named": Refused(
        REGISTERED, [change(1, (B,), "a", "a")], "was not signed by the key that it names"
    ),
    "a key that nobody holds is named, beside the one that signs": Refused(
        REGISTERED, [change(1, (B, A), "a", "a")], "was not signed by the key that it names"
    ),
    "the key before goes on naming, beside the new one": Refused(
        Believed(1, (B, A)), [change(2, (EVIL,), "a", "evil")], NOT_BELIEVED
    ),
    "the key before goes on naming, after the new one": Refused(
        Believed(2, (B,)), [change(3, (EVIL,), "a", "evil")], NOT_BELIEVED
    ),
    "a number is left out": Refused(REGISTERED, [ALONE], "are change 2 and this camera knows"),
    "the chain has a hole": Refused(
        REGISTERED,
        [BESIDE, AT_ONCE],
        "are change 3 and this camera knows them up to 1; run `lensloop camera add` again for its"
        " folder and copy release-key.pem and camera.json to it$",
    ),
    "a number far ahead": Refused(
        REGISTERED, [change(2**53, (EVIL,), "evil", "evil")], "are change 9007199254740992"
    ),
    "the last of a chain is forged": Refused(
        REGISTERED, [BESIDE, ALONE, change(3, (EVIL,), "evil", "evil")], NOT_BELIEVED
    ),
    "another order of the chain": Refused(REGISTERED, [ALONE, BESIDE], "are change 2"),
    "another project's": Refused(
        REGISTERED, [change(1, (B,), "a", "b", "paint")], "for project 'paint' and this camera"
    ),
    "the text was changed": Refused(
        REGISTERED, [BESIDE._replace(text=text(Succession("trash", 1, (EVIL,))))], NOT_BELIEVED
    ),
    "signatures of another change": Refused(
        Believed(1, (B, A)), [AT_ONCE._replace(text=ALONE.text)], NOT_BELIEVED
    ),
    "no signature": Refused(REGISTERED, [BESIDE._replace(by_the_one_before=b"")], NOT_BELIEVED),
    "a key that is none": Refused(REGISTERED, [change(1, ("x",), "a", "b")], "no public key"),
    "a second key that is none": Refused(
        REGISTERED, [change(1, (B, "x"), "a", "b")], "no public key in PEM"
    ),
    "a camera that knows no key": Refused(Believed(), CHAIN, NOT_BELIEVED),
    "a camera that knows nothing is sent the rest": Refused(
        Believed(), CHAIN[1:], "are change 2 and this camera knows them up to 0"
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_else_names_a_key(name: str) -> None:
    believed, chain, why = ATTACKS[name]
    with pytest.raises(LensloopError, match=why):
        after(chain, "trash", believed)


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(BadKey):
        after([change(1, (B[:-40],), "a", "b")], "trash", REGISTERED)
