"""A stranger finds the way: every command stands below a heading, and in the docs."""

from pathlib import Path

import typer.main
from typer.testing import CliRunner

from cli.main import app

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def test_every_command_stands_below_a_heading_and_in_the_docs() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "Pictures" in shown
    assert "─ Commands" not in shown
    documented = DOCS.read_text("utf-8")
    group = typer.main.get_group(app)
    assert [name for name in group.commands if f"lensloop {name}" not in documented] == []
