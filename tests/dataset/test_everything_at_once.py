"""One folder with every fault that people's folders have: can its owner act on the report, line by
line?
"""

import io
import os
import struct
import zlib
from pathlib import Path

from PIL import Image

from lensloop.pages.dataset import page
from tests.dataset.conftest import Picture, Project


def png_with_a_large_profile(number: int) -> bytes:
    """A sound picture whose colour profile is nonsense that unpacks to 1.3 MB."""
    file = io.BytesIO()
    Image.linear_gradient("L").rotate(number * 7).resize((200, 150)).convert("RGB").save(
        file, "PNG"
    )
    data = file.getvalue()
    profile = b"profile\0\0" + zlib.compress(bytes(1_300_000))
    chunk = struct.pack(">I", len(profile)) + b"iCCP" + profile
    chunk += struct.pack(">I", zlib.crc32(b"iCCP" + profile))
    return data[:33] + chunk + data[33:]


def saved(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def twelve_bits() -> bytes:
    """As a microscope writes it: 12 of 16 bits are used."""
    gradient = Image.linear_gradient("L").resize((64, 64))
    return saved(gradient.convert("I").point(lambda value: value * 16).convert("I;16"), "PNG")


def fill(project: Project, picture: Picture) -> None:
    s3, number = project.s3, iter(range(10_000))
    for label in ("Müll", "燃えるごみ", "paper & cardboard"):
        for place in range(12):
            s3[f"images/{label}/{place:02d}.jpg"] = picture(next(number))
    s3["images/Müll/profile.png"] = png_with_a_large_profile(1)
    s3["images/Müll/microscope.png"] = twelve_bits()
    s3["images/Müll/black.png"] = saved(Image.new("RGB", (64, 64)), "PNG")
    s3["images/Müll/web.webp"] = saved(Image.radial_gradient("L").convert("RGB"), "WEBP")
    s3["images/Müll/old.bmp"] = saved(Image.radial_gradient("L"), "BMP")
    s3["images/Müll/scan.tif"] = saved(Image.radial_gradient("L"), "TIFF")
    s3["images/Müll/phone.heic"] = struct.pack(">I4s", 24, b"ftyp") + b"heic" + bytes(600)
    s3["images/Müll/half.jpg"] = picture(next(number))[:300]
    s3["images/Müll/notes.txt"] = b"to do"
    # what programs leave
    s3["images/Müll/.ipynb_checkpoints/00-checkpoint.jpg"] = project.content("images/Müll/00.jpg")
    s3["images/Müll/@eaDir/00.jpg/SYNOPHOTO_THUMB_M.jpg"] = picture(next(number))
    s3["images/.DS_Store"] = b"\0\0\0\1Bud1"
    s3["images/__MACOSX/Müll/._00.jpg"] = b"\0\5\26\7"
    s3["images/燃えるごみ/Thumbs.db"] = b"\xd0\xcf\x11\xe0"
    # labels that are lost, and labels that are too alike
    for place in range(5):
        s3[f"images/bad\u202elabel/{place}.jpg"] = picture(next(number))
        s3[f"images/only heic/{place}.heic"] = (
            struct.pack(">I4s", 24, b"ftyp") + b"heic" + bytes(600 + place)
        )
        s3[f"images/Mu\u0308ll /{place}.jpg"] = picture(next(number))
    s3["images/loose.jpg"] = picture(next(number))
    # the same picture under two labels
    s3["images/paper & cardboard/copy of 3.jpg"] = project.content("images/燃えるごみ/03.jpg")


_NONE = "gives no label: none of its 5 files counts."
LOST = [
    f"The folder `bad\u202elabel` {_NONE} Its name has control or invisible characters. Upload it"
    " again under a plain name.",
    f"The folder `only heic` {_NONE} Its format is HEIC, and only JPEG, PNG or WebP is read."
    " `mogrify -format jpg *.heic` makes JPEGs of a folder of them, and an iPhone takes JPEGs with"
    " Settings → Camera → Formats → Most Compatible.",
    f"The folder `Müll ` {_NONE} Its folder `Müll ` cannot be a label: it ends with a space. Rename"
    " the folder without it.",
]
REASONS = {
    "half.jpg": "The picture is damaged: ",
    "notes.txt": "This is not a JPEG, PNG or WebP picture, whatever its name says.",
    "old.bmp": "Its format is BMP",
    "scan.tif": "Its format is TIFF",
    "phone.heic": "Its format is HEIC",
}


def test_every_fault_has_its_line_and_none_costs_the_sound_pictures(
    project: Project, picture: Picture
) -> None:
    fill(project, picture)
    result = project.run()
    report, accepted, rejected = project.report(), project.manifest(), project.rejected()
    if folder := os.environ.get("LOOK"):  # the page, to be looked at
        Path(folder, "everything-at-once.html").write_text(page(report))

    assert {key.split("/")[1] for key in accepted} == {"Müll", "燃えるごみ", "paper & cardboard"}
    for name in ("profile.png", "microscope.png", "web.webp", "black.png"):
        assert f"images/Müll/{name}" in accepted
    assert (len(accepted), len(rejected)) == (39, 23)
    assert not result["trainable"]  # a label that is lost is not trained without

    assert sorted(line.replace("u\u0308", "ü") for line in report["lost"]) == sorted(LOST)
    for name, reason in REASONS.items():
        assert rejected[f"images/Müll/{name}"]["reason"].startswith(reason)
    both = ("images/燃えるごみ/03.jpg", "images/paper & cardboard/copy of 3.jpg")
    assert all(
        "so neither counts. Delete the wrong one." in rejected[key]["reason"] for key in both
    )
    assert "has no label. Move it to images/<label>/." in rejected["images/loose.jpg"]["reason"]
    warnings = " ".join(report["warnings"])
    assert "1 picture is black all over: images/Müll/black.png." in warnings


def test_what_programs_leave_is_one_line_and_no_warning(project: Project, picture: Picture) -> None:
    fill(project, picture)
    project.run()
    html = page(project.report())
    assert html.count("files that programs leave beside pictures") == 1
    assert not [key for key in project.rejected() if ".ipynb_checkpoints" in key or "@eaDir" in key]
