"""Would a person take two labels for the same? By case, by spaces, by form, or by letters that look
alike.

Two such labels would be one to whoever reads a report and two to a model, so that one of them
must be renamed.
"""

import unicodedata

# Letters that look like another's of the same place in a word, small and capital alike: a whole
# label must be made of such pairs to collide, so it is better to have a pair too many here.
_LETTERS = (
    # Cyrillic, Greek, Armenian and odd Latin letters that look Latin
    ("авекмнорстухёіїјѕһӏԁԛԝү", "abekmhopctyxëiïjshldqwy"),
    ("αβεζηικμνορτυχωϳ", "abezhikuvoptuxwj"),
    ("օսցյզ", "ougjq"),
    ("ıɑɡɩʋꞵ", "iagivb"),
    # Chinese that looks like Japanese kana, and a stroke that is the long vowel's
    ("口力夕卜工二八一千", "ロカタトエニハーチ"),
)
_MARKS = "’‘ʼʻ`´′"  # all apostrophes to a reader


def _table() -> dict[int, str]:
    table: dict[int, str] = {}
    for foreign, twins in _LETTERS:
        table.update(zip(map(ord, foreign), twins, strict=True))
    return table | dict.fromkeys(map(ord, _MARKS), "'")


_TWINS = _table()


def seen(label: str) -> str:
    """The same for all labels that a person would take for this one."""
    plain = " ".join(label.split()).casefold()
    if plain.isascii():
        return plain
    alike = unicodedata.normalize("NFKC", plain).casefold().translate(_TWINS)
    dashes = [_dash(letter) for letter in alike]
    return unicodedata.normalize("NFC", " ".join("".join(dashes).split()))


def told_apart(one: str, other: str) -> str:
    """Where the two begin to differ, by number where a person cannot see it; else nothing."""
    pairs = zip(one, other, strict=False)
    mine, theirs = next(((a, b) for a, b in pairs if a != b), ("", ""))
    if (mine + theirs).isascii():
        return ""
    return f" (`{mine}` is U+{ord(mine):04X}, `{theirs}` is U+{ord(theirs):04X})"


def _dash(letter: str) -> str:
    return "-" if unicodedata.category(letter) == "Pd" else letter
