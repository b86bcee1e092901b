"""What of a network camera's address may be seen? Its host only: makers put passwords before the
host, behind a question mark and into the path.
"""

from __future__ import annotations

from urllib.parse import urlsplit

SCHEMES = ("rtsp", "rtsps", "http", "https")


def is_network(text: str) -> bool:
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def shown(text: str) -> str:
    """For logs, results and pages."""
    if "://" not in text:
        return text
    host = host_of(text)
    return f"{text.partition('://')[0].lower()}://{host or '…'}"


def host_of(text: str) -> str:
    """With its port; empty where there is none, or where the address cannot be read."""
    try:
        parts = urlsplit(text)
        name, port = parts.hostname or "", parts.port
    except ValueError:  # a password with an unescaped / or [ makes nonsense of the host
        return ""
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if name and port else name
