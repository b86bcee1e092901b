"""Is what a release brings for a DeepLens' own chip what the recipe's function loads?"""

import io
import tarfile
from typing import Any

import pytest

from lensloop.model.deeplens import SYMBOL, belongs, bundle, source
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
        {"artefact": {**ARTEFACT, "sha256": ""}},
    ],
)
def test_any_other_model_has_nothing_for_it(evaluation: dict[str, Any]) -> None:
    assert source(evaluation) is None
