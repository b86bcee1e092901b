"""With which keys is a local cloud used? With new ones at each start, which nobody can guess."""

import base64
import secrets
from typing import NamedTuple


class Keys(NamedTuple):
    """Those of the emulated account's owner."""

    access_key_id: str
    secret_access_key: str


def new_keys() -> Keys:
    """As AWS forms them, so that no program stumbles over their length or their letters."""
    name = base64.b32encode(secrets.token_bytes(10)).decode()
    return Keys(f"AKIA{name}", secrets.token_urlsafe(30))
