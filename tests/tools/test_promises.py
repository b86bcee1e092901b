"""Does each row of docs/cameras.md's table of promises name tests that exist?"""

import ast
import re
from itertools import takewhile
from pathlib import Path

import pytest

from tests.camera.test_bad_orders import BAD
from tests.camera.test_goes_on_answering import ORDERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cameras.md").read_text()
SECTION = PAGE.partition("\n## Promises of an update")[2].partition("\n## ")[0]
NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?`")


def table(heading: str) -> list[list[str]]:
    """The cells of each row below this heading."""
    lines = SECTION[SECTION.index(heading) :].splitlines()[2:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


PROMISES = table("| promise |")
TRIED = table("| | tried |")


def functions_in(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text()))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", PROMISES, ids=lambda row: row[0][:60])
def test_a_promise_names_tests_that_exist_or_says_that_it_is_not_held(row: list[str]) -> None:
    _, _, held, shown = row
    named = NAMED.findall(shown)
    if held.startswith("**no**"):
        assert shown == "–"
        return
    assert named, "what is held is shown"
    for file, test in named:
        found = {name for name in functions_in(ROOT / "tests" / file) if name.startswith("test_")}
        assert found
        assert not test or test in found


def test_no_promise_stands_there_twice() -> None:
    promises = [row[0] for row in PROMISES]
    assert len(promises) > 20
    assert sorted(set(promises)) == sorted(promises)


def test_what_was_tried_is_as_much_as_the_page_counts() -> None:
    counts = {row[2]: int(row[1]) for row in TRIED if row[2] == "`test_bad_orders.py`"}
    assert counts == {"`test_bad_orders.py`": len(BAD)}
    [(whole)] = re.findall(r"releases that were tried: (\d+),", SECTION)
    assert int(whole) == sum(int(row[1]) for row in TRIED)
    for _, _, file in TRIED:
        assert (ROOT / "tests" / "camera" / file.strip("`")).exists()
    [running] = re.findall(r"(\d+) of them, one after the other, were sent to", SECTION)
    assert int(running) == len(ORDERS)
