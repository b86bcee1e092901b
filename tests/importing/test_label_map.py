"""Every label of a source goes where a person said, or where a guess says that is shown."""

import io
from pathlib import Path

import pytest

from cli import label_map as told
from lensloop.importing import label_map
from lensloop.importing.label_map import SKIP, MapError

MAPS = sorted((Path(__file__).parents[2] / "importers" / "maps").glob("*.yaml"))


@pytest.mark.parametrize(
    ("label", "ours"),
    [
        ("glass", "glass"),
        ("Food Organics", "Food Organics"),
        ("brown-glass", "brown-glass"),
        ("可回收物/易拉罐", "可回收物-易拉罐"),
        ("Rope & strings", "Rope & strings"),
        ("  two   spaces ", "two spaces"),
        ("-=odd", "odd"),
        ("a.b.", "a.b"),
        ("cans|tins", "cans-tins"),
        ("g" * 80, "g" * 63),
        ("///", ""),
        ("", ""),
    ],
)
def test_a_label_becomes_one_that_can_be(label: str, ours: str) -> None:
    assert label_map.as_label(label) == ours
    assert not ours or not label_map.problem_of(ours)


def test_a_guess_is_what_the_project_writes_already() -> None:
    assert label_map.guessed({"Glass", "METAL ", "new"}, {"glass", "Metal"}) == {
        "Glass": "glass",
        "METAL ": "Metal",
        "new": "new",
    }


def test_two_labels_that_look_the_same_are_one() -> None:
    assert set(label_map.guessed({"Glass", "glass"}, ()).values()) == {"Glass"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (["glass"], "has lines"),
        ({"a": "b/c"}, "`a` goes to `b/c`, which cannot be a label: `/` cannot be in one."),
        ({"a": ""}, "it is empty. Name a label, or `skip`"),
        ({"a": ["b", "c"]}, "`a` has more than one label"),
        ({"a": ".b"}, "it begins with a dot"),
    ],
)
def test_a_map_that_cannot_be_is_refused(content: object, words: str) -> None:
    with pytest.raises(MapError) as refused:
        label_map.read(content)
    assert words in str(refused.value)


def test_a_file_is_read_as_text_and_the_command_line_counts_more(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("no: landfill\n2024: skip\nYes: compost\n")
    assert told.given(file, ["no=paper", "a = b"]) == {
        "no": "paper",
        "2024": SKIP,
        "Yes": "compost",
        "a": "b",
    }


@pytest.mark.parametrize("line", ["a", "=b", " = b"])
def test_a_line_of_the_command_names_a_label_and_where_it_goes(line: str) -> None:
    with pytest.raises(MapError, match="--as"):
        told.given(None, [line])


def test_a_line_of_the_command_names_a_label_that_the_source_has() -> None:
    told.check_named(["a=x", " e\u0301 = y"], {"a", "\u00e9", "b"})
    with pytest.raises(MapError, match="has no label `c`; it has `a`, `b`"):
        told.check_named(["c=x"], {"b", "a"})


def test_a_label_that_is_asked_for_steers_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("glass\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert told.complete(["\x1b[2J"], {}, (), strict=True) == {"\x1b[2J": "glass"}
    assert "\\u001b[2J" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "a: b\na: c\n",
        "a: [b",
        "- a",
        "? [a, b]\n: c",
        "a: &a [*a]",
        pytest.param("[" * 5000, id="deep"),
    ],
)
def test_a_file_that_says_two_things_or_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text)
    with pytest.raises(MapError):
        told.given(file, [])


@pytest.mark.parametrize(
    ("said", "strict", "refused"),
    [
        ({"a": "x", "b": SKIP}, True, ""),
        ({"a": "x"}, True, "does not say where `b` go"),
        ({"a": "x"}, False, ""),
        ({}, True, "`a`, `b`"),
    ],
)
def test_what_a_map_does_not_name_is_refused_where_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], strict: bool, refused: str
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    if not refused:
        assert told.complete("ab", said, (), strict).keys() == {"a", "b"}
        return
    with pytest.raises(MapError, match=refused):
        told.complete("ab", said, (), strict)


@pytest.mark.parametrize("file", MAPS, ids=lambda file: file.stem)
def test_every_example_can_be_read(file: Path) -> None:
    assert {*told.given(file, []).values()} <= {"recycling", "landfill", "compost", SKIP}
