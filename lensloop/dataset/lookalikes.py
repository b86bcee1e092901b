"""Would a person take two labels for the same? By case, by spaces, by form, or by letters that look
alike.

Two such labels would be one to whoever reads a report and two to a model, so that one of them
must be renamed.
"""

import unicodedata

# Letters that look like another's of the same place in a word, small and capital alike: a whole
# label must be made of such pairs to collide, so it is better to have a pair too many here.
# Cyrillic, Greek, Armenian and odd Latin letters that look Latin; Chinese that looks like Japanese
# kana, with the stroke that is the long vowel's; and all that is an apostrophe to a reader.
_FOREIGN = "авекмнорстухёіїјѕһӏԁԛԝүαβεζηικμνορτυχωϳօսցյզıɑɡɩʋꞵ口力夕卜工二八一千’‘ʼʻ′"
_LOOK = "abekmhopctyxëiïjshldqwyabezhikuvoptuxwjougjqiagivbロカタトエニハーチ'''''"
_TWINS = str.maketrans(_FOREIGN, _LOOK)


def seen(label: str) -> str:
    """The same for all labels that a person would take for this one."""
    plain = " ".join(label.split()).casefold()
    if plain.isascii():
        return plain
    alike = unicodedata.normalize("NFKC", plain).casefold().translate(_TWINS)
    dashes = [_dash(letter) for letter in alike]
    return unicodedata.normalize("NFC", " ".join("".join(dashes).split()))


def told_apart(one: str, other: str) -> str:
    """Where the two differ first, by number, if not in plain letters; else nothing."""
    for mine, theirs in zip(one, other):  # noqa: B905  one may go on where the other ends
        if mine != theirs and not (mine + theirs).isascii():
            return f" (`{mine}` is U+{ord(mine):04X}, `{theirs}` is U+{ord(theirs):04X})"
    return ""


def _dash(letter: str) -> str:
    return "-" if unicodedata.category(letter) == "Pd" else letter
