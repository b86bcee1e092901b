"""What `cdk destroy` and `cdk list` do not wait for."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

import app
from stacks.assets import code, packages
from stacks.training import channel


def test_stacks_are_destroyed_without_fetching_what_they_would_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(*_: object) -> Path:
        raise AssertionError("nothing is to be fetched")

    monkeypatch.setattr(channel, "dependencies", fetched)
    monkeypatch.setattr(packages, "unpacked", fetched)
    context = json.loads((code.ROOT / "cdk.json").read_text())["context"]
    # What the CDK CLI says of every command that carries nothing to AWS.
    composed = cdk.App(outdir=str(tmp_path), context=context | {"aws:cdk:bundling-stacks": []})
    app.compose(composed)
    composed.synth()
    assert (tmp_path / "deeplens-trash-retraining.template.json").is_file()
