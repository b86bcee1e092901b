"""Do the arrows between our folders point only where ARCHITECTURE.md says, and do no modules need
each other in a circle?
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
OURS = (
    "app",
    "bench",
    "camera",
    "cli",
    "demo",
    "experiments",
    "importers",
    "lambdas",
    "lensloop",
    "local",
    "proof",
    "review",
    "stacks",
    "tools",
    "training",
)

# What a folder may import of ours, besides itself. A folder that is not here may import anything.
ALLOWED = {
    "lensloop/wire": (),
    "lensloop": (),
    "camera": ("lensloop.wire",),
    "lambdas": ("lensloop",),
    # The cloud is the first camera, and answers in eight bits as cameras do.
    "training": ("lensloop", "camera.trial", "camera.model"),
    "stacks": ("lensloop", "lambdas"),  # a step owns its function, so it imports the handler
    # It looks at strangers' pictures as the inspection does, and at the bucket's list.
    "importers": ("lensloop", "lambdas.aws.listing", "lambdas.decoding"),
    # It only reads with lambdas.aws, and fetches a camera's packages as the stacks do theirs.
    "cli": ("camera", "importers", "lensloop", "lambdas.aws", "review", "stacks.assets.packages"),
    "review": (
        "cli",
        "importers",
        "lensloop",
        "lambdas.aws",
    ),  # it knows no more of the cloud than the command
    "local": (),
    "experiments": (),  # it runs where nothing else of ours is
    # One of its cameras lives through a day in a minute, so that a person can wait for it.
    "demo": ("camera", "cli", "lensloop", "lambdas.aws", "local"),
    "proof": ("lensloop", "lambdas.aws"),
}


class Import(NamedTuple):
    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its name, packages by theirs."""
    found = {}
    for top in OURS:
        for path in [ROOT / f"{top}.py", *sorted((ROOT / top).rglob("*.py"))]:
            if path.exists():
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[Import]:
    """Those of ours, wherever they stand in the file; each as the longest name that is a module."""
    file = path.relative_to(ROOT)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for name in _names(node):
            while name and name not in modules():
                name = name.rpartition(".")[0]
            if name:
                yield Import(file, getattr(node, "lineno", 0), name)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute here"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _astray(folder: str) -> list[str]:
    """The folder's imports that it may not have."""
    allowed = (folder.replace("/", "."), *ALLOWED[folder])
    return [
        str(found)
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in imports(path)
        if not any(_within(found.module, package) for package in allowed)
    ]


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_a_folder_imports_only_what_it_may(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert _astray(folder) == []


def test_every_import_of_ours_is_seen() -> None:
    found = {str(found) for found in imports(ROOT / "camera" / "__main__.py")}
    assert any(line.endswith("imports lensloop.wire.errors") for line in found)
    assert any(line.endswith("imports camera.config") for line in found)


def test_only_finetune_imports_torch() -> None:
    """All else runs where there is none; what is only measured may compare."""
    importing = set()
    for top in set(OURS) - {"bench"}:
        for path in [ROOT / f"{top}.py", *(ROOT / top).rglob("*.py")]:
            if path.exists() and "torch" in _roots(path):
                importing.add(path.parent.relative_to(ROOT).as_posix())
    assert importing == {"training/algorithms/finetune"}


def _roots(path: Path) -> set[str]:
    """The first part of every imported name."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {name.partition(".")[0] for node in nodes for name in _names(node)}


def test_no_modules_need_each_other() -> None:
    needs = {name: {found.module for found in imports(path)} for name, path in modules().items()}
    done: set[str] = set()
    circles = []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circles.append(" → ".join((*way[way.index(name) :], name)))
        elif name not in done:
            for needed in sorted(needs[name] - {name}):
                visit(needed, (*way, name))
            done.add(name)

    for name in sorted(needs):
        visit(name, ())
    assert circles == []
