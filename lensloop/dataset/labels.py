"""May this key be a picture's, and what is its label? Judged by the name alone.

An accepted key is also a file's path inside a training job, so what could leave a folder or fool a
log is rejected here, before anything is read.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from lensloop.wire.names import IMAGES_PREFIX

MAX_KEY_BYTES = 900  # S3 ends at 1,024; the rest is room for what is put before a key
MAX_SEGMENT_BYTES = 255  # what Linux file systems allow for one name

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,62}")
# The everyday key, so that a million of them are judged in a second: plain characters, no dot at
# the start of a part.
_PLAIN = re.compile(
    r"images/[A-Za-z0-9][A-Za-z0-9 _-]{0,62}(/[A-Za-z0-9_(-][A-Za-z0-9 ._()+,=@-]{0,200}){1,3}",
    re.ASCII,
)
# All that cannot be seen, for a character class. What joins emoji and letters (U+200C, U+200D) may
# be in a name.
UNSEEN = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufeff\uffa0\ufff9-\uffff"
)
_HIDDEN = re.compile(f"[{UNSEEN}]")


def is_folder_marker(key: str, size: int) -> bool:
    """What the S3 console leaves behind for a new folder: no picture, and nobody's mistake."""
    return size == 0 and key.endswith("/")


def label_of(key: str) -> str:
    return key.split("/")[1]


def key_problem(key: str) -> str:
    """A sentence that says why this key cannot be used and what to do, or nothing."""
    if _PLAIN.fullmatch(key) and len(key) <= MAX_KEY_BYTES:
        return ""
    segments = key.removeprefix(IMAGES_PREFIX).split("/")
    return (
        _odd_characters(key)
        or _odd_folders(segments)
        or _too_long(key, segments)
        or _decomposed(key)
        or _no_label(segments)
    )


def _odd_characters(key: str) -> str:
    if _HIDDEN.search(key):
        return "Its name has control or invisible characters. Upload it again under a plain name."
    if "\\" in key:
        return "Its name has a backslash. Upload it with `/` between folder and file."
    return ""


def _odd_folders(segments: Sequence[str]) -> str:
    if "." in segments or ".." in segments:
        return "Its name has a `.` or `..` folder. Upload it directly under images/<label>/."
    if not all(segments):
        return (
            "Its name has an empty folder or file part (`//`, or `/` at an end). Upload it as"
            " images/<label>/<file>."
        )
    return ""


def _too_long(key: str, segments: Iterable[str]) -> str:
    longest = max(len(segment.encode()) for segment in segments)
    if len(key.encode()) <= MAX_KEY_BYTES and longest <= MAX_SEGMENT_BYTES:
        return ""
    return (
        f"Its name is too long: at most {MAX_KEY_BYTES} bytes in all and {MAX_SEGMENT_BYTES} in"
        " one part. Upload it under a shorter name."
    )


def _decomposed(key: str) -> str:
    if unicodedata.is_normalized("NFC", key):
        return ""
    return (
        "Its name has letters in a decomposed form (not NFC; macOS does that). Upload it under a"
        " plain name."
    )


def _no_label(segments: Sequence[str]) -> str:
    if len(segments) < 2:
        return "It lies directly under images/, so it has no label. Move it to images/<label>/."
    folder = segments[0]
    if _LABEL.fullmatch(folder):
        return ""
    return (
        f"Its folder `{folder}` cannot be a label{_foreign_letter(folder)}: use 1 to 63 unaccented"
        " Latin letters, digits, spaces, `_` and `-`, starting with a letter or digit. Rename the"
        " folder."
    )


def _foreign_letter(folder: str) -> str:
    """Named by its number, too: a Cyrillic letter can look just like a Latin one."""
    found = re.search(r"[^\x00-\x7f]", folder)
    return f" (`{found[0]}` is U+{ord(found[0]):04X})" if found else ""


def collisions(labels: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Which labels lose their name to another that differs only by case or spaces: {loser: winner}.

    They are never merged. `labels`: how many pictures each had in the last data set, and has now.
    More of the one, then of the other wins, so that one stray upload cannot push a label out.
    """
    families: dict[str, list[str]] = {}
    for label in labels:
        families.setdefault(" ".join(label.split()).casefold(), []).append(label)

    def standing(label: str) -> tuple[int, int, str]:
        before, now = labels[label]
        return -before, -now, label

    losers = {}
    for family in families.values():
        winner, *others = sorted(family, key=standing)
        losers.update(dict.fromkeys(others, winner))
    return losers
