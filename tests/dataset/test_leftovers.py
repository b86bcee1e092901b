"""What programs leave beside pictures is known by its name, and told in one line."""

import pytest

from lensloop.dataset.leftovers import leftover, sentence


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("glass/.ipynb_checkpoints/a-checkpoint.jpg", ".ipynb_checkpoints"),
        (".ipynb_checkpoints/a.jpg", ".ipynb_checkpoints"),
        ("glass/.DS_Store", ".DS_Store"),
        ("glass/._a.jpg", "._*"),
        ("__MACOSX/glass/._a.jpg", "__MACOSX"),
        ("glass/Thumbs.db", "Thumbs.db"),
        ("glass/thumbs.db", "thumbs.db"),
        ("glass/Desktop.ini", "Desktop.ini"),
        ("glass/@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "@eaDir"),
        ("#recycle/glass/a.jpg", "#recycle"),
        ("$RECYCLE.BIN/S-1-5/a.jpg", "$RECYCLE.BIN"),
        ("System Volume Information/a", "System Volume Information"),
        ("glass/.AppleDouble/a.jpg", ".AppleDouble"),
        ("lost+found/a.jpg", "lost+found"),
        ("glass/.thumbnails/a.jpg", ".thumbnails"),
        ("glass/@Recycle/a.jpg", "@Recycle"),
        ("glass/Icon\r", "Icon\r"),
        ("glass/Thumbs.db:encryptable", "Thumbs.db:encryptable"),
        ("glass/ehthumbs.db", "ehthumbs.db"),
        ("glass/ehthumbs_vista.db", "ehthumbs_vista.db"),
        ("glass/Folder.jpg:encryptable", "Folder.jpg:encryptable"),
        ("RECYCLER/S-1-5/a.jpg", "RECYCLER"),
        ("Network Trash Folder/a.jpg", "Network Trash Folder"),
        ("Temporary Items/a.jpg", "Temporary Items"),
        ("#snapshot/glass/a.jpg", "#snapshot"),
        ("glass/@__thumb/a.jpg", "@__thumb"),
        ("@Recently-Snapshot/a.jpg", "@Recently-Snapshot"),
        ("glass/__pycache__/a.jpg", "__pycache__"),
        ("glass/Picasa.ini", "Picasa.ini"),
        ("glass/pspbrwse.jbf", "pspbrwse.jbf"),
        (".././.DS_Store", ".DS_Store"),
    ],
)
def test_what_programs_leave_is_called_by_its_name(path: str, found: str) -> None:
    assert leftover(path) == found


@pytest.mark.parametrize(
    "path",
    [
        "glass/a.jpg",
        "thumbs/a.jpg",
        "glass/my.DS_Store.jpg",
        "recycle/a.jpg",
        "glass/a..jpg",
        "../a",
    ],
)
def test_a_persons_files_are_none(path: str) -> None:
    assert leftover(path) == ""


def test_all_of_them_are_one_sentence_the_most_frequent_first() -> None:
    assert sentence({}) == ""
    assert sentence({"Thumbs.db": 1}) == (
        "Passed over: 1 file that programs leave beside pictures (`Thumbs.db`). Nothing needs to be"
        " done."
    )
    many = {"f": 1, "b": 2, "._*": 1200, **dict.fromkeys(("e", "d", "c", "a"), 1)}
    assert sentence(many) == (
        "Passed over: 1,207 files that programs leave beside pictures (`._*`, `b`, `a`, `c`, `d`,"
        " `e` and 1 more). Nothing needs to be done."
    )
