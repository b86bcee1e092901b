"""Does each row of docs/cameras.md's table of promises name tests that exist?"""

import ast
import re
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.camera import test_bad_models, test_bad_orders, test_update
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


COUNTED = {
    "`test_bad_orders.py`": (test_bad_orders.test_a_bad_order_moves_no_camera,),
    "`test_update.py`": (
        test_update.test_a_damaged_delivery_is_answered_with_its_reason,
        test_update.test_a_release_that_is_no_good_here_leaves_the_old_one_running,
        test_update.test_a_document_that_orders_nothing_is_rejected,
    ),
    "`test_bad_models.py`": (
        test_bad_models.test_no_camera_takes_what_is_not_only_data,
        test_bad_models.test_no_camera_takes_a_bad_model_or_hangs_on_it,
    ),
}


def cases(test: Any) -> int:
    [mark] = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    return len(list(mark.args[1]))


def test_what_was_tried_is_as_much_as_the_page_counts() -> None:
    page = Counter[str]()
    for _, tried, file in TRIED:
        page[file] += int(tried)
    assert page == {file: sum(map(cases, tests)) for file, tests in COUNTED.items()}
    [whole] = re.findall(r"releases that were tried: (\d+),", SECTION)
    assert int(whole) == page.total()
    [running] = re.findall(r"(\d+) of them, one after the other, were sent to", SECTION)
    assert int(running) == len(ORDERS)
