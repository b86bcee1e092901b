"""A stranger finds the way: every command stands below a heading, and in the docs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from cli.main import app
from importers import sources

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_stands_below_a_heading_and_in_the_docs() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "Pictures" in shown
    assert "─ Commands" not in shown
    documented = DOCS.read_text("utf-8")
    group = typer.main.get_group(app)
    assert [name for name in group.commands if f"lensloop {name}" not in documented] == []


def test_every_command_has_its_own_help() -> None:
    for words, command in _commands(typer.main.get_group(app), ()):
        ran = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
        assert ran.exit_code == 0, words
        assert command.help, words


def test_the_help_of_import_names_every_kind_of_source() -> None:
    shown = CliRunner().invoke(app, ["import", "--help"], env={"COLUMNS": "4000"}).output
    assert [form for form in sources.forms() if form not in shown] == []


def _commands(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        yield (*words, name), command
        if hasattr(command, "commands"):
            yield from _commands(command, (*words, name))
