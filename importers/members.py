"""May this member of an archive be looked at? Names, sizes and numbers that an honest archive does
not have.

Nothing is unpacked, so a name can lead nowhere; it is told all the same, for whoever made such an
archive meant harm, and its pictures are not to be trusted.
"""

import re

from importers.source import SourceError
from lensloop.reasons import counted

MOST = 300_000  # members: the largest public sets of waste have 100,000, and a list costs memory
# Pictures are compressed already: a whole archive that grows so much is none of pictures.
MOST_GROWTH = 50
# Of what it may always unpack to: a small archive of drawings may well grow more.
ALWAYS = 1024**3

ENCRYPTED = "It is encrypted. Unpack the archive with its password, and import the folder."
LINK = "It is a link, and links in archives are not followed."
SPECIAL = "It is no file but a device or a pipe."
_DRIVE = re.compile(r"[A-Za-z]:")


def name_problem(path: str) -> str:
    if path.startswith("/") or _DRIVE.match(path):
        return "Its name is an absolute path, which no honest archive has."
    if ".." in path.split("/"):
        return "Its name leads out of the archive (`..`), which no honest archive does."
    if "\0" in path:
        return "Its name has a NUL character, which no honest archive has."
    return ""


def plain(path: str) -> str:
    """As everybody writes it: Windows' tools put backslashes, and tar puts `./` in front."""
    path = path.replace("\\", "/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path


def check(archive: str, members: int, unpacked: int, packed: int) -> None:
    if members > MOST:
        raise SourceError(
            f"{archive} holds more than {counted(MOST, 'file', 'files')}: more than a set of"
            " pictures does. Import it in parts."
        )
    if unpacked > ALWAYS and unpacked > MOST_GROWTH * packed:
        raise SourceError(
            f"{archive} has {packed / 1e6:,.0f} MB and would unpack to more than {MOST_GROWTH}"
            " times that: a zip bomb, or no archive of pictures. Nothing is taken from it."
        )
