"""`lensloop check` says what an import would do, and needs no cloud for it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.importers.conftest import fill, picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {f"set/{label}/{n}.jpg": picture(f"{label}{n}") for label in "ab" for n in range(12)}
    return fill(tmp_path, {**files, "set/a/copy.jpg": picture("a3"), "readme.md": b"Hello."})


def checked(*arguments: object) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return ran.exit_code, ran.stdout, ran.stderr


def test_a_folder_is_told_label_by_label(folder: Path) -> None:
    code, said, _ = checked(folder, "--as", "b=skip")
    assert code == 0
    assert "So they are imported." in said
    assert "Left out: 12 files. Its label `b` is skipped" in said
    assert "Left out: 1 file. It is the same picture as" in said
    assert "`a` is the only label: a second one is needed" in said
    assert "`lensloop import` would upload 12 pictures" in said


def test_a_program_gets_every_file(folder: Path) -> None:
    code, said, _ = checked(folder, "--json", "--label", "both")
    told = json.loads(said)
    assert code == 0
    assert (len(told["new"]), told["after"], told["enough"]) == (24, {"both": 24}, False)
    assert {left["path"] for left in told["left_out"]} == {"readme.md", "set/a/copy.jpg"}


def test_a_label_that_the_map_does_not_name_is_refused(folder: Path, tmp_path: Path) -> None:
    map_ = tmp_path / "map.yaml"
    map_.write_text("a: glass\n")
    code, _, complaint = checked(folder, "--map", map_)
    assert code == 2
    assert "The label map does not say where `b` go" in complaint
