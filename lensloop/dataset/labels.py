"""May this key be a picture's, and what is its label? Judged by the name alone.

An accepted key is also a file's path inside a training job, so what could leave a folder or fool a
log is rejected here, before anything is read.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from lensloop.dataset.lookalikes import seen
from lensloop.wire.names import IMAGES_PREFIX

MAX_KEY_BYTES = 900  # S3 ends at 1,024; the rest is room for what is put before a key
MAX_SEGMENT_BYTES = 255  # what Linux file systems allow for one name

MAX_LABEL = 63  # characters, of the label's NFC form

# Of ASCII, what people write in names. What a shell, a page or a table would take for its own is
# none: `*`, `?`, `<`, `>`, `|`, `;`, `$`, quotes and braces.
_PUNCTUATION = frozenset("!#%&'()+,-.:=@[]_")
# At the start, a command would read an option there, and a spreadsheet a formula.
_NOT_FIRST = frozenset("-+=@.")
_WORDS = {" ": "a space", ".": "a dot"}
_GROUPS = frozenset("LMNP")  # letters, marks, digits, punctuation, as Unicode groups them
# Marks and punctuation that cannot be seen: joiners, fillers, selectors of variants.
_UNSEEN_MARKS = re.compile(
    "[\u034f\u17b4\u17b5\u180b-\u180f\u200c\u200d\u2800\ufe00-\ufe0f\U000e0000-\U000e0fff]"
)
# The everyday key, so that a million of them are judged in a second: plain characters, no dot at
# the start of a part, no space at the end of the label.
_PLAIN = re.compile(
    r"images/[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,61}[A-Za-z0-9_-])?"
    r"(?:/[A-Za-z0-9_(-][A-Za-z0-9 ._()+,=@-]{0,200}){1,3}",
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
    """In its NFC form: a Mac and a Linux machine write the same folder in two ways."""
    return composed(key.split("/")[1])


def composed(folder: str) -> str:
    return folder if folder.isascii() else unicodedata.normalize("NFC", folder)


def key_problem(key: str) -> str:
    """A sentence that says why this key cannot be used and what to do, or nothing."""
    if _PLAIN.fullmatch(key) and len(key) <= MAX_KEY_BYTES:
        return ""
    segments = key.removeprefix(IMAGES_PREFIX).split("/")
    return (
        _odd_characters(key)
        or _odd_folders(segments)
        or _too_long(key, segments)
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


def _no_label(segments: Sequence[str]) -> str:
    if len(segments) < 2:
        return "It lies directly under images/, so it has no label. Move it to images/<label>/."
    problem = label_problem(composed(segments[0]))
    return f"Its folder `{segments[0]}` cannot be a label: {problem}." if problem else ""


def label_problem(label: str) -> str:
    """Why this cannot be a label and what to do, as the rest of a sentence; or nothing."""
    if len(label) > MAX_LABEL:
        return f"it has {len(label)} characters, and {MAX_LABEL} are allowed. Rename the folder"
    wrong = next((character for character in label if not _may_be_in_label(character)), "")
    if wrong:
        return (
            f"`{wrong}` (U+{ord(wrong):04X}) cannot be in one. Letters and digits of any script,"
            " spaces and common punctuation can. Rename the folder"
        )
    if label[0] in _NOT_FIRST or unicodedata.category(label[0])[0] in ("Z", "M"):
        return (
            f"it begins with {_named(label[0])}. Rename the folder to begin with a letter or digit"
        )
    if label[-1] == "." or label[-1].isspace():
        return f"it ends with {_named(label[-1])}. Rename the folder without it"
    return ""


def _named(character: str) -> str:
    """Readable also where it shows nothing."""
    if character in _WORDS:
        return _WORDS[character]
    return f"`{character}`" if character.isascii() else f"`{character}` (U+{ord(character):04X})"


def _may_be_in_label(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == " " or character in _PUNCTUATION
    if _UNSEEN_MARKS.match(character):
        return False
    category = unicodedata.category(character)
    return category[0] in _GROUPS or category == "Zs"


def collisions(labels: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Which labels lose their name to another that looks the same: {loser: winner}.

    They are never merged. `labels`: how many pictures each had in the last data set, and has now.
    More of the one, then of the other wins, so that one stray upload cannot push a label out.
    """
    families: dict[str, list[str]] = {}
    for label in labels:
        families.setdefault(seen(label), []).append(label)

    def standing(label: str) -> tuple[int, int, str]:
        before, now = labels[label]
        return -before, -now, label

    losers = {}
    for family in families.values():
        winner, *others = sorted(family, key=standing)
        losers.update(dict.fromkeys(others, winner))
    return losers
