"""What does the training job note of a camera's own proof, and what follows from it?"""

from typing import Any

import pytest

from lensloop.model.proof import Unproved, noted, noted_of, objection, require, was_run
from lensloop.wire.errors import BadArtifact

MODEL, GOLDEN, SMALL = "1" * 64, "2" * 64, "3" * 64
FILE = "model.int8.onnx"


def evaluation(**further: Any) -> dict[str, Any]:
    return {"proof": noted(MODEL, GOLDEN, further={FILE: {**noted_of(SMALL), **further}})}


def test_a_note_names_the_very_files_and_why_they_are_refused() -> None:
    """evaluation.json is read by other versions as well."""
    assert noted(MODEL, GOLDEN) == {
        "model_sha256": MODEL,
        "golden_sha256": GOLDEN,
        "verdict": "passed",
        "reason": "",
        "files": {},
    }
    refused = noted(MODEL, GOLDEN, "it hangs", {FILE: noted_of(SMALL)})
    assert (refused["verdict"], refused["reason"]) == ("refused", "it hangs")
    assert refused["files"] == {FILE: {"sha256": SMALL, "verdict": "passed", "reason": ""}}
    assert noted_of(SMALL, "odd") == {"sha256": SMALL, "verdict": "refused", "reason": "odd"}


def test_whether_it_was_run_is_known() -> None:
    assert was_run(evaluation())
    assert not was_run({})
    assert not was_run({"proof": None})


def test_a_model_is_released_as_it_was_proved() -> None:
    require(evaluation(), MODEL, GOLDEN)


def test_without_a_proof_or_with_another_there_is_no_release() -> None:
    def sentence(of: dict[str, Any], model: str = MODEL, golden: str = GOLDEN) -> str:
        with pytest.raises(BadArtifact) as refused:
            require(of, model, golden)
        return str(refused.value)

    assert sentence({}) == (
        "The cloud did not run a camera's own proof on it, as the model was made by an older"
        " Lensloop. The next training does so; a model from elsewhere has to be imported again."
    )
    other = "The cloud ran a camera's own proof on other files than these."
    assert sentence(evaluation(), model=SMALL) == other
    assert sentence(evaluation(), golden=SMALL) == other
    assert sentence({"proof": noted(MODEL, GOLDEN, "it hangs")}) == (
        "It does not pass a camera's own proof, which the cloud ran first: it hangs."
    )
    odd = {"proof": {**noted(MODEL, GOLDEN), "verdict": "maybe"}}
    assert sentence(odd).startswith(
        "evaluation.json: `proof.verdict` is 'maybe'; it must be passed or refused"
    )
    with pytest.raises(Unproved):
        require({}, MODEL, GOLDEN)


OLDER = (
    "the cloud did not run a camera's own proof on it, as the model was made by an older Lensloop"
)


@pytest.mark.parametrize(
    ("of", "why"),
    [
        (evaluation(), ""),
        ({}, OLDER),
        ({"proof": noted(MODEL, GOLDEN)}, OLDER),
        ({"proof": {**noted(MODEL, GOLDEN), "files": None}}, OLDER),
        (
            {"proof": noted(MODEL, GOLDEN, "odd", {FILE: noted_of(SMALL)})},
            "the model itself does not pass a camera's own proof",
        ),
        (evaluation(sha256=MODEL), "the cloud ran a camera's own proof on another file than this"),
        (
            evaluation(verdict="refused", reason="it hangs"),
            "it does not pass a camera's own proof, which the cloud ran first: it hangs",
        ),
        (
            evaluation(sha256=5),
            "what the cloud's own proof of it says is damaged: `proof.files.model.int8.onnx.sha256`"
            " is 5; it must be a sha256 in lower-case hexadecimal",
        ),
    ],
)
def test_a_further_file_is_released_only_as_it_was_proved(of: dict[str, Any], why: str) -> None:
    assert objection(of, FILE, SMALL) == why
