"""Is what a release brings for a DeepLens' own chip what the recipe's function loads?"""

import gzip
import io
import tarfile
from typing import Any

import pytest

from lensloop.model import deeplens
from lensloop.model.deeplens import SYMBOL, belongs, bundle, source, unpacked
from lensloop.wire.errors import BadArtifact

PARAMS = "image-classification-0012.params"
FILES = {SYMBOL: b"{}", PARAMS: b"weights"}
ARTEFACT = {"uri": "s3://b/training/j/output/model.tar.gz", "sha256": "ab", "file": PARAMS}


def test_the_archive_has_both_files_at_its_root_with_epoch_0_and_the_labels_line_by_line() -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle(FILES, PARAMS, ["Müll", "tin"]))) as tar:
        content = {}
        for entry in tar:
            file = tar.extractfile(entry)
            content[entry.name] = file.read() if file else b""
    assert content == {
        "image-classification-symbol.json": b"{}",
        "image-classification-0000.params": b"weights",
        "labels.txt": "Müll\ntin\n".encode(),
    }


def test_the_same_network_makes_the_same_archive() -> None:
    assert bundle(FILES, PARAMS, ["a", "b"]) == bundle(dict(FILES), PARAMS, ["a", "b"])
    # gzip's header: no file's name, of no time, and the fastest way.
    assert bundle(FILES, PARAMS, ["a", "b"])[:9] == b"\x1f\x8b\x08\0" + bytes(4) + b"\x04"


@pytest.mark.parametrize("missing", [SYMBOL, PARAMS])
def test_a_file_that_is_missing_is_named(missing: str) -> None:
    there = {name: body for name, body in FILES.items() if name != missing}
    with pytest.raises(BadArtifact, match=f"The built-in algorithm's archive holds no {missing}"):
        bundle(there, PARAMS, ["a", "b"])


def test_only_the_networks_files_are_read_of_the_archive() -> None:
    wanted = [SYMBOL, PARAMS, "image-classification-0000.params"]
    others = ["model-shapes.json", "image-classification-12.params", f"x/{SYMBOL}", f"{PARAMS}.bak"]
    assert [name for name in (*wanted, *others) if belongs(name)] == wanted


def test_where_the_network_is_is_in_the_evaluation() -> None:
    found = source({"artefact": {**ARTEFACT, "layers": 18}})
    assert found == (ARTEFACT["uri"], ARTEFACT["sha256"], PARAMS)


@pytest.mark.parametrize(
    "evaluation",
    [
        {},
        {"artefact": None},
        {"artefact": {**ARTEFACT, "file": "model.onnx"}},
        {"artefact": {**ARTEFACT, "uri": ""}},
        {"artefact": {"sha256": "ab"}},
        {"artefact": {"sha256": "ab", "file": PARAMS}},
        {"artefact": {"uri": "s3://b/a", "file": PARAMS}},
        {"artefact": {"uri": "s3://b/a", "sha256": "ab"}},
        {"artefact": {**ARTEFACT, "sha256": ""}},
    ],
)
def test_any_other_model_has_nothing_for_it(evaluation: dict[str, Any]) -> None:
    assert source(evaluation) is None


EVALUATION = {"labels": ["a", "b"], "input": {"width": 224, "height": 224}}
GOOD = bundle(FILES, PARAMS, ["a", "b"])


def test_what_a_camera_unpacks_is_known_by_its_content() -> None:
    found = unpacked(GOOD, EVALUATION)
    assert found == (b"{}", b"weights", b"a\nb\n")
    again = gzip.compress(gzip.decompress(GOOD), 9)  # by another zlib, say
    assert again != GOOD
    assert unpacked(again, EVALUATION).digest == found.digest
    others = [
        unpacked(bundle({**FILES, name: b"other"}, PARAMS, ["a", "b"]), EVALUATION).digest
        for name in (SYMBOL, PARAMS)
    ]
    assert len({found.digest, *others}) == 3


def packed(*files: tuple[str, bytes], link: str = "") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, body in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
        if link:
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)
    return made.getvalue()


EPOCH_0, LABELS = ("image-classification-0000.params", b"weights"), ("labels.txt", b"a\nb\n")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no archive", "cannot be read"),
        (GOOD[:60], "cannot be read"),
        (gzip.decompress(GOOD), "cannot be read"),
        (packed((SYMBOL, b"{}"), (PARAMS, b"weights"), LABELS), "cannot be read: .*0000.params"),
        (packed((SYMBOL, b"{}"), EPOCH_0), "cannot be read: .*labels.txt"),
        (packed(EPOCH_0, LABELS, link=SYMBOL), f"{SYMBOL} in deeplens.tar.gz is no file"),
        (bundle(FILES, PARAMS, ["a", "b", "c"]), "The 3 lines of labels.txt are not the 2 labels"),
        (bundle(FILES, PARAMS, ["b", "a"]), "The 2 lines of labels.txt are not the 2 labels"),
    ],
    ids=[
        "text",
        "cut off",
        "no gzip",
        "another epoch",
        "no labels",
        "a link",
        "a label more",
        "their order",
    ],
)
def test_an_archive_of_which_a_camera_could_make_nothing_has_its_sentence(
    data: bytes, why: str
) -> None:
    with pytest.raises(BadArtifact, match=why):
        unpacked(data, EVALUATION)


def test_pictures_of_another_size_than_the_networks_are_refused() -> None:
    with pytest.raises(BadArtifact, match="takes 224 × 300 pixels, and the network 224 × 224"):
        unpacked(GOOD, {**EVALUATION, "input": {"width": 224, "height": 300}})
    with pytest.raises(BadArtifact, match="takes None × None pixels"):
        unpacked(GOOD, {**EVALUATION, "input": None})


def test_what_is_too_large_for_a_camera_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deeplens, "MOST_BYTES", len(b"weights"))
    unpacked(GOOD, EVALUATION)
    monkeypatch.setattr(deeplens, "MOST_BYTES", len(b"weights") - 1)
    with pytest.raises(BadArtifact, match="is no file, or too large for a camera"):
        unpacked(GOOD, EVALUATION)
