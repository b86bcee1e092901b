"""Which release keys does this camera believe? Those that it was registered with, until a signed
change of keys has named others; these are kept in state.json, for ever.
"""

from __future__ import annotations

from typing import Any, Optional

from lensloop.wire.key_chain import Believed
from lensloop.wire.reading import Reader


def newest(registered: Believed, kept: Believed) -> Believed:
    """Who registers the camera again, after a change of keys, gives it those of then."""
    return kept if kept.keys and kept.number >= registered.number else registered


def apart(before: Believed, now: Believed) -> bool:
    """Nothing that was signed for `before` is believed any more."""
    return not set(before.keys) & set(now.keys)


def shown(kept: Believed) -> Optional[Any]:
    """None for a camera that has followed no change."""
    return {"number": kept.number, "keys": list(kept.keys)} if kept.keys else None


def read(part: Optional[Reader]) -> Believed:
    if part is None:
        return Believed()
    keys = part.texts("keys", "a list of public keys in PEM")
    return Believed(part.whole("number", low=1), keys)
