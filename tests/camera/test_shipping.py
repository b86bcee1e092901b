"""What lands on a camera runs there: Python 3.7 syntax,
complete in a clean directory, one pin for each Python.
"""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cli.bundle import ROOT, shipped, write_bundle

PYTHON_FILES = [path for path in shipped() if path.suffix == ".py"]
REQUIREMENTS = [
    Requirement(line)
    for line in (ROOT / "camera" / "requirements.in").read_text().splitlines()
    if line and not line.startswith("#")
]
HASHED = re.findall(
    r"^([^\s#].*?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
    (ROOT / "camera" / "requirements.txt").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize("path", PYTHON_FILES, ids=str)
def test_every_file_is_python_3_7(path: Path) -> None:
    ast.parse((ROOT / path).read_text("utf-8"), str(path), feature_version=(3, 7))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=str)
def test_no_file_calls_what_came_after_python_3_7(path: Path) -> None:
    """Syntax says nothing about the library;
    these are the newer calls that are easy to write without noticing.
    """
    newer = (
        r"removeprefix|removesuffix|missing_ok|is_relative_to|"
        r"functools\.cache\b|math\.prod|dirs_exist_ok|strict="
    )
    assert not re.findall(newer, (ROOT / path).read_text("utf-8"))


@pytest.mark.parametrize("path", PYTHON_FILES, ids=str)
def test_no_file_asks_types_of_python_3_7_that_came_later(path: Path) -> None:
    """`list[str]` is an error there, and `int | None` too,
    unless annotations are postponed and so never evaluated.
    """
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        tree = _Unannotated().visit(tree)
    found = [ast.unparse(node) for node in ast.walk(tree) if _is_a_later_type(node)]
    assert not found, f"{path} lacks `from __future__ import annotations`"


class _Unannotated(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _is_a_later_type(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id in {
            "list",
            "dict",
            "tuple",
            "set",
            "type",
        }
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.BitOr)
        and ast.unparse(node.right) == "None"
    )


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_each_python_gets_exactly_one_pin_of_each_package(version: str) -> None:
    chosen = [
        r
        for r in REQUIREMENTS
        if r.marker is None or r.marker.evaluate({"python_version": version})
    ]
    more = ["typing_extensions"] if version == "3.7" else []
    usual = ["cryptography", "numpy", "onnxruntime", "paho-mqtt", "pillow"]
    assert sorted(r.name for r in chosen) == [*usual, *more]
    assert all(re.fullmatch(r"==[\d.]+", str(r.specifier)) for r in chosen)


@pytest.mark.parametrize("version", ["3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_what_a_camera_installs_is_hashed_and_what_is_pinned(version: str) -> None:
    python = {"python_version": version, "python_full_version": f"{version}.1"}
    hashed = {
        requirement.name.replace("-", "_"): str(requirement.specifier)
        for requirement in map(Requirement, (line for line, _ in HASHED))
        if requirement.marker is None or requirement.marker.evaluate(python)
    }
    for pin in REQUIREMENTS:
        if pin.marker is None or pin.marker.evaluate(python):
            assert hashed[pin.name.replace("-", "_")] == str(pin.specifier)


def test_the_newest_pins_are_the_tested_ones() -> None:
    ours = dict(re.findall(r"^([a-z-]+)==([\d.]+)", (ROOT / "requirements.in").read_text(), re.M))
    chosen = [
        r for r in REQUIREMENTS if r.marker is None or r.marker.evaluate({"python_version": "3.13"})
    ]
    assert {r.name: str(r.specifier) for r in chosen} == {
        r.name: f"=={ours[r.name]}" for r in chosen
    }


def test_the_bundle_runs_from_a_clean_directory(tmp_path: Path) -> None:
    with zipfile.ZipFile(write_bundle(tmp_path / "camera.zip")) as archive:
        archive.extractall(tmp_path / "there")
    help_text = subprocess.run(
        [sys.executable, "-m", "camera", "--help"],
        cwd=tmp_path / "there",
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--frames" in help_text.stdout
    assert not (tmp_path / "there" / "lensloop" / "gate.py").exists()


def test_the_bundle_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = write_bundle(tmp_path / "a.zip"), write_bundle(tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
