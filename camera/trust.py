"""Whom does this camera believe?
The named CA alone, or the system's trust store (and certifi's).
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Optional


def trusting(ca: Optional[Path] = None) -> ssl.SSLContext:
    """Names and chains are checked. Raises OSError or ValueError when `ca` is not a PEM file."""
    context = ssl.create_default_context(cafile=str(ca) if ca else None)
    if ca is None:
        try:
            import certifi
        except ImportError:
            return context
        context.load_verify_locations(certifi.where())
    return context
