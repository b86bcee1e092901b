"""The commands stand odd folders, odd names and a home that cannot be written."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ODD = ["a b", "$HOME/$(shell id)", 'it\'s "mine"', "`id`", "ünï", "a;b&c"]


def make(folder: Path, *arguments: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "IMAGES"}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def shown(variable: str) -> tuple[str, str]:
    return f"--eval=show: ; @printf '%s' \"$${variable}\"", "show"


@pytest.mark.parametrize("name", ODD)
def test_images_arrive_as_they_were_typed(name: str) -> None:
    assert make(ROOT, *shown("IMAGES"), f"IMAGES={name}") == name
    assert make(ROOT, *shown("IMAGES"), IMAGES=name) == name


def test_downloads_lie_here_where_the_home_folder_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for chosen in ("UV_CACHE_DIR", "npm_config_cache"):
        monkeypatch.delenv(chosen, raising=False)
    nowhere = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": ""}
    assert make(ROOT, *shown("UV_CACHE_DIR"), **nowhere) == f"{ROOT}/.build/cache/uv"
    assert make(ROOT, *shown("npm_config_cache"), **nowhere) == f"{ROOT}/.build/cache/npm"


def test_a_cache_that_was_chosen_is_taken_whatever_the_home_folder_is() -> None:
    nowhere = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "UV_CACHE_DIR": "/my cache"}
    assert make(ROOT, *shown("UV_CACHE_DIR"), **nowhere) == "/my cache"


def test_downloads_lie_in_a_home_folder_that_can_be_written(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "UV_CACHE_DIR": ""}
    assert make(ROOT, *shown("UV_CACHE_DIR"), **home) == ""


@pytest.mark.parametrize("name", ["my projects/lens loop", "it's $mine"])
def test_packages_are_installed_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    clone = tmp_path / name
    (clone / "tools").mkdir(parents=True)
    for file in ("Makefile", "requirements.in", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, clone / file)
    shutil.copy(ROOT / "tools/alive.sh", clone / "tools/alive.sh")
    uv = clone / ".venv/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text('#!/bin/sh\necho "$VIRTUAL_ENV: $*" >> ../called.txt\n')
    uv.chmod(0o755)
    stamp = make(clone, "--eval=show: ; @echo $(TOOLS)", "show").strip()
    (clone / stamp).touch()
    os.utime(clone / stamp, (0, 0))
    for file in ("requirements.txt", "pyproject.toml"):
        os.utime(clone / file, (0, 0))
    make(clone, ".venv/.ready")
    called = (clone.parent / "called.txt").read_text().splitlines()
    assert [line.partition(": ")[0] for line in called] == [f"{clone}/.venv"] * 2
    assert called[0].endswith("pip sync --quiet --require-hashes requirements.txt")
