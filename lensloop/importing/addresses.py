"""What of an address on the web may be written down, and what is to be said of it?"""

import re
from urllib.parse import urlsplit, urlunsplit

# Of a query: what lets whoever has it in (S3, Google, Azure, CloudFront, GitHub name it so).
_SECRET = re.compile(r"sig|token|secret|pass|pwd|credential|auth|key|session|x-amz-|x-goog-", re.I)
# A value of so many characters is no page's number but something signed or encrypted.
_LONG = 32
_THIS_MACHINE = frozenset(("127.0.0.1", "localhost", "::1"))


def without_secrets(address: str) -> str:
    """No password and no signature, for records stay and are read by others; no fragment either.
    Raises ValueError for what is no address."""
    parts = urlsplit(address)
    kept = [each for each in parts.query.split("&") if not _is_secret(*_pair(each))]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "&".join(kept), ""))


def warning(address: str) -> str:
    """Of what came over a way on which anybody could change it; empty for all else."""
    if not address.startswith("http://") or urlsplit(address).hostname in _THIS_MACHINE:
        return ""
    return (
        "It came over http:// and not encrypted, so anybody on the way could have changed the"
        " pictures. Use https:// if the server has it, or compare the archive's checksum."
    )


def loses_encryption(addresses: list[str]) -> bool:
    """A way from https:// to http://, one redirection after the other?"""
    return addresses[0].startswith("https:") and any(
        not at.startswith("https:") for at in addresses
    )


def _pair(each: str) -> tuple[str, str]:
    name, _, value = each.partition("=")
    return name, value


def _is_secret(name: str, value: str) -> bool:
    return bool(_SECRET.search(name)) or len(value) >= _LONG
