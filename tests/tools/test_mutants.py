"""Which changes does `make mutants` try, and does it notice a survivor that nobody has read?"""

import subprocess
from pathlib import Path

import pytest

from tools import mutants
from tools.constants import changed
from tools.mutants import Result, Survivor, compared, modules, nearest, read_listed

MODULE = '''"""What is asked."""
LIMIT: int = 2 * 60
SHARE = 0.5
NAMES = ("é", True)


class Kind:
    """A docstring."""

    size: int = 0

    @property
    def double(self) -> "int":
        return self.size * 2

    @classmethod
    def of(cls) -> int:
        return 7  # mutmut's
'''


def test_every_constant_above_the_functions_is_changed_once() -> None:
    found = [(change.where, change.before, change.after) for change in changed(MODULE)]
    assert found == [
        ("LIMIT", "2", "3"),
        ("LIMIT", "60", "61"),
        ("SHARE", "0.5", "0.75"),
        ("NAMES", '"é"', "'XXéXX'"),
        ("NAMES", "True", "False"),
        ("size", "0", "1"),
        ("double", "2", "3"),
    ]


def test_a_change_leaves_the_rest_of_the_module_as_it_is() -> None:
    last = list(changed(MODULE))[4].source
    assert last == MODULE.replace("True", "False")


SURVIVOR = Survivor("LIMIT", "2", "3")


def test_a_survivor_is_listed_in_the_line_that_the_tool_proposes() -> None:
    page = f"# Mutants\n\n## lensloop/a.py\n\n{SURVIVOR.line('equivalent: nobody counts')}\n"
    assert read_listed(page) == {"lensloop/a.py": {SURVIVOR}}


@pytest.mark.parametrize(
    ("survivors", "listed", "sentences"),
    [
        ((SURVIVOR,), {SURVIVOR}, []),
        ((SURVIVOR,), set(), ["survivors that docs/mutants.md does not list"]),
        ((), {SURVIVOR}, ["listed in docs/mutants.md, but they die"]),
    ],
)
def test_the_list_of_survivors_is_exactly_what_survived(
    survivors: tuple[Survivor, ...], listed: set[Survivor], sentences: list[str]
) -> None:
    found = list(compared(Result("lensloop/a.py", 10, survivors), listed))
    assert len(found) == len(sentences)
    assert all(sentence in text for sentence, text in zip(sentences, found, strict=True))


def test_a_rule_lies_beside_its_tests() -> None:
    assert "lensloop/model/gate.py" in modules()
    assert nearest("lensloop/model/hold.py") == ("tests/model/test_hold.py",)
    assert nearest("lensloop/model/gate.py") == (
        "tests/model/test_gate.py",
        "tests/model/test_hold.py",
    )
    assert not any("pages" in module for module in modules())


def test_a_mutmut_that_broke_is_no_module_without_mutants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broke(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no room left")

    monkeypatch.setattr(mutants, "_tests", lambda module, folder: 0)
    monkeypatch.setattr(subprocess, "run", broke)
    with pytest.raises(SystemExit, match="mutmut stopped early:\nno room left"):
        mutants._functions("lensloop/model/gate.py", tmp_path, 1)
