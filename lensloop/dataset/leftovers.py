"""Did a program leave this beside the pictures? File managers, notebooks and NAS boxes do.

Such a file is no picture and nobody's mistake, even where it can be opened: a copy that a notebook
keeps must never count in place of its original.
"""

from collections import Counter
from collections.abc import Mapping

from lensloop.reasons import counted, listed

# Compared without case, as Windows and macOS do. Whatever begins with a dot is one anyway.
_NAMES = frozenset(
    (
        # Windows
        *("thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),
        *("$recycle.bin", "recycler", "system volume information", "folder.jpg:encryptable"),
        # macOS, and archives that were made there
        *("__macosx", "icon\r", "network trash folder", "temporary items"),
        # Synology, QNAP
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@__thumb", "@recently-snapshot"),
        # Linux, Python, Picasa
        *("lost+found", "__pycache__", "picasa.ini", "pspbrwse.jbf"),
    )
)
_TWINS = "._*"  # macOS keeps one of these beside every file on a foreign disk
_NAMED = 6  # in a sentence; the others are counted


def leftover(path: str) -> str:
    """What the part of the path is called that a program left; empty for everything else."""
    for part in path.split("/"):
        if part in (".", ".."):
            continue  # a wrong path, which is told as such
        if part.startswith("._"):
            return _TWINS
        if part.startswith(".") or part.casefold() in _NAMES:
            return part
    return ""


def sentence(found: Mapping[str, int]) -> str:
    """`found`: files by what `leftover` called them; the most frequent are named first."""
    if not found:
        return ""
    counts = Counter(found)
    names = [f"`{name}`" for name, _ in sorted(counts.items(), key=lambda of: (-of[1], of[0]))]
    files = counted(counts.total(), "file", "files")
    return (
        f"Passed over: {files} that programs leave beside pictures ({listed(names, _NAMED)})."
        " Nothing needs to be done."
    )
