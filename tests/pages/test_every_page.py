"""What holds for every page, of whatever end and whatever names: it shows, needs nothing, and says
nothing that a name made it say.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lensloop.pages import dataset, demo
from tests.pages.findings import report, trained
from tests.pages.reader import read
from tools import sample_pages
from tools.sample_pages import HOSTILE, ends, run_html

PLAIN = trained(), trained(ship=False)
STRANGE = trained(HOSTILE), trained(HOSTILE, ship=False)
MANY = trained([f"label {n}" for n in range(40)]), trained([f"label {n}" for n in range(40)])


class Pages(Mapping[str, str]):
    """By their names; each is made when it is looked at, and once."""

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[], str]] = {}
        for kind, runs in {"plain": PLAIN, "strange": STRANGE, "many": MANY}.items():
            for end, (record, of) in ends(*runs).items():
                self._makers[f"run {end} {kind}"] = partial(run_html, record, of)
            self._makers[f"dataset {kind}"] = partial(dataset.page, runs[0].report)
            self._makers[f"demo {kind}"] = partial(_demo, *runs)
        few = report(trainable=False, reasons=["`can` has 1."])
        empty = report(examples={}, new_examples=[], left_out=[], left_out_examples=[], alike=[])
        for name, made in {
            "first": report(since=None, new_examples=[], suspicious=None),
            "too few": few,
            "empty": empty | {"labels": {}, "warnings": []},
        }.items():
            self._makers[f"dataset {name}"] = partial(dataset.page, made)
        self._made: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _demo(*runs: Any) -> str:
    return demo.page(sample_pages.demo(*runs))


PAGES = Pages()


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]


def every(check: Callable[[str], None]) -> Callable[[str], None]:
    return pytest.mark.parametrize("page", PAGES, indirect=True)(check)


@every
def test_a_page_has_one_headline_and_its_headings_go_down_by_one(page: str) -> None:
    found = read(page)
    levels = [level for level, _ in found.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(text.strip() for _, text in found.headings)
    assert all(below <= level + 1 for level, below in pairwise(levels))
    assert found.title


@every
def test_a_page_loads_nothing_and_runs_nothing(page: str) -> None:
    found = read(page)
    assert not {tag for tag, _ in found.tags} & {"script", "link", "iframe", "a", "form", "object"}
    for _, attributes in found.tags:
        source = attributes.get("src", "data:")
        assert source is not None
        assert source.startswith("data:")
        assert not any(name.startswith("on") or name == "href" for name in attributes)
    policies = [meta["content"] for meta in found.all("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert "url(" not in page
    assert "@import" not in page


@every
def test_nothing_is_shown_that_means_nothing(page: str) -> None:
    text = read(page).text
    assert not re.search(r"\b(None|Undefined|nan|True(?! label)|False)\b", text)
    assert not re.search(r"\{\{(?! 7)|\{%|<bdi|&lt;bdi|&amp;", text)


@every
def test_pictures_and_tables_say_what_they_are(page: str) -> None:
    found = read(page)
    assert all(image.get("alt") for image in found.all("img"))
    assert all(head.get("scope") in ("col", "row") for head in found.all("th"))


@every
def test_no_name_is_seen_as_anything_but_a_name(page: str) -> None:
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\u2066" not in page


def test_strange_names_are_shown_in_full() -> None:
    text = read(PAGES["run refused strange"]).text
    for name in HOSTILE:
        shown = name.replace("\u202e", "\\u202e").replace("\u2066", "\\u2066")
        assert shown in text


def test_the_stylesheet_and_the_templates_are_the_only_places_of_css_and_html() -> None:
    root = Path(__file__).parents[2]
    for file in (*root.glob("lensloop/**/*.py"), *root.glob("demo/*.py")):
        text = re.sub(r'""".*?"""', "", file.read_text("utf-8"), flags=re.DOTALL)
        tags = re.findall(r"</?(?:div|p|h\d|ul|li|table|tr|td|section|span|style|html)\b", text)
        assert not tags, f"{file.name}: {tags}"
