"""How is a stranger's name shown so that it can neither hide nor pose as something else?

What cannot be seen is spelled as its number, the codes that a terminal or a page would obey among
it. Pages and commands both show text by this; each then escapes its own language.
"""

import re

from lensloop.dataset.labels import UNSEEN

# A joiner may be in a name, and be all that tells it from another; so may a tag (U+E0000).
_INVISIBLE = re.compile(f"[{UNSEEN}\u200c\u200d\U000e0000-\U000e0fff]")


def spelled(text: str) -> str:
    """On one line, for a line's end is spelled out too."""
    return _INVISIBLE.sub(_number, text)


def lines(text: str) -> str:
    """A text of several lines, which it keeps."""
    return "\n".join(spelled(line) for line in text.split("\n"))


def _number(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
