"""Does every rule have a test that fails when the rule is changed? `make mutants` changes the rules
one place at a time and runs the tests next to each.

mutmut changes the functions, `tools.constants` the constants above them. A run of one module is
kept in mutants/<module>/ and taken from there until the module, its tests or what they import
change. docs/mutants.md lists every survivor with a reason; a survivor that is not there fails, and
so does a line there that no mutant needs any more.
"""

import argparse
import ast
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.constants import changed

ROOT = Path(__file__).parents[1]
WORK = ROOT / "mutants"
LISTED = ROOT / "docs" / "mutants.md"
GOAL = 0.9  # issue 7's; what survives beyond it was read and has its reason

# A rule's tests are tests/<folder>/test_<module>.py; these lie elsewhere.
NEAREST = {
    "lensloop/model/gate.py": ("tests/model/test_gate.py", "tests/model/test_hold.py"),
    "lensloop/model/batch.py": ("tests/model/test_batch.py", "tests/model/test_gate.py"),
    "lensloop/model/paired.py": ("tests/model/test_paired.py", "tests/model/test_hold.py"),
    "lensloop/model/pool.py": ("tests/model/test_floors.py", "tests/model/test_gate.py"),
    "lensloop/fleet/terms.py": (
        "tests/fleet/test_terms.py",
        "tests/fleet/test_desired.py",
        "tests/fleet/test_look.py",
    ),
    "lensloop/model/card.py": ("tests/model/test_registry.py",),
    "lensloop/model/imported.py": ("tests/training/test_imported.py",),
    "lensloop/wire/onnx_file.py": ("tests/wire/test_onnx_file.py", "tests/wire/test_onnx_check.py"),
    "lensloop/wire/succession.py": (
        "tests/wire/test_succession.py",
        "tests/wire/test_order.py",
    ),
    **{
        f"lensloop/news/{part}.py": ("tests/test_news.py",)
        for part in ("decisions", "fleet", "message", "retraining", "rollout", "tick")
    },
    "lensloop/rollout.py": ("tests/rollout/test_rollout_rules.py",),
    **{
        f"lensloop/{part}.py": (f"tests/rollout/test_{part}.py",)
        for part in ("shares", "steering", "window")
    },
}
# Nothing in these decides anything.
NO_RULES = ("lensloop/pages/", "lensloop/wire/errors.py", "__init__.py")

# What mutmut keeps of a mutant that some test noticed: a failure, an error, an endless loop.
_KILLED = {1, 3, 24, 36, 37, 152, 255, -24}
_TESTS = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0")
_LINE = re.compile(r"- ``(.+?)``: ``(.+?)`` → ``(.+?)`` – (.+)")
_NOTHING = "nothing"  # after a change that only takes away


@dataclass(frozen=True)
class Survivor:
    where: str
    before: str
    after: str

    def line(self, reason: str) -> str:
        return f"- ``{self.where}``: ``{self.before}`` → ``{self.after}`` – {reason}"


@dataclass(frozen=True)
class Result:
    module: str
    mutants: int
    survivors: tuple[Survivor, ...]

    @property
    def share(self) -> float:
        return 1 - len(self.survivors) / self.mutants if self.mutants else 1.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="modules, such as lensloop/model/gate.py or gate")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    chosen = [module for module in modules() if not asked.only or _is_asked(module, asked.only)]
    if not chosen:
        parser.error(f"no rule module is called {' or '.join(asked.only)}")

    listed, mistakes = read_listed(LISTED.read_text()), []
    print(f"{'module':38} mutants  killed   share  goal {GOAL:.0%}")
    for module in chosen:
        result = examined(module, asked.jobs)
        print(_row(result), flush=True)
        if result.share < GOAL:
            mistakes.append(f"{module}: only {result.share:.1%} of its mutants die")
        mistakes += compared(result, listed.get(module, set()))
    print("\n".join(["", *mistakes] if mistakes else ["", "Every survivor is in docs/mutants.md."]))
    return 1 if mistakes else 0


def _row(result: Result) -> str:
    killed = result.mutants - len(result.survivors)
    holds = "holds" if result.share >= GOAL else "does not hold"
    if not nearest(result.module):
        holds = "has no tests of its own"
    return f"{result.module:38} {result.mutants:7} {killed:7} {result.share:7.1%}  {holds}"


def modules() -> list[str]:
    """The rules, as paths."""
    paths = (str(path.relative_to(ROOT)) for path in ROOT.glob("lensloop/**/*.py"))
    return sorted(path for path in paths if not any(part in path for part in NO_RULES))


def nearest(module: str) -> tuple[str, ...]:
    """The tests whose matter the module is; those that exist."""
    path = Path(module)
    beside = Path("tests", *path.parts[1:-1], f"test_{path.name}")
    tests = NEAREST.get(module, (str(beside),))
    return tuple(test for test in tests if (ROOT / test).exists())


def examined(module: str, jobs: int) -> Result:
    """From an earlier run if nothing has changed since."""
    if not nearest(module):
        return Result(module, 1, (Survivor("module", "tests", _NOTHING),))
    folder = WORK / module.removesuffix(".py").replace("/", ".")
    kept, now = folder / "result.json", _fingerprint(module)
    if kept.exists():
        was = json.loads(kept.read_text())
        if was["fingerprint"] == now:
            survivors = tuple(Survivor(**survivor) for survivor in was["survivors"])
            return Result(module, was["mutants"], survivors)
    result = _run(module, folder, jobs)
    kept.write_text(
        json.dumps({"fingerprint": now, **asdict(result)}, ensure_ascii=False, indent=1)
    )
    return result


def _run(module: str, folder: Path, jobs: int) -> Result:
    _prepare(module, folder)
    of_functions, count = _functions(module, folder, jobs)
    survivors, others = list(of_functions), 0
    for change in changed((ROOT / module).read_text()):
        others += 1
        (folder / module).write_text(change.source)
        if _tests(module, folder) == 0:
            before, after = (" ".join(text.split()) for text in (change.before, change.after))
            survivors.append(Survivor(change.where, before, after))
    return Result(module, count + others, tuple(survivors))


def _prepare(module: str, folder: Path) -> None:
    """A copy of the project that only this module's run uses."""
    shutil.rmtree(folder, ignore_errors=True)
    files = _files()
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    beside = {Path(file).parts[0] for file in files} - {"lensloop", "tests", "pyproject.toml"}
    settings = {
        "source_paths": ["lensloop"],
        "only_mutate": [module],
        "also_copy": sorted(beside),
        "pytest_add_cli_args": list(_TESTS[2:]),
        "pytest_add_cli_args_test_selection": list(nearest(module)),
        "use_git_change_detection": False,
        "timeout_constant": 5.0,  # seconds: a busy machine is no endless loop
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (folder / "pyproject.toml").open("a") as settings_file:
        settings_file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def _files() -> list[str]:
    """What belongs to the project, as git sees it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [file for file in done.stdout.splitlines() if (ROOT / file).is_file()]


def _functions(module: str, folder: Path, jobs: int) -> tuple[list[Survivor], int]:
    """The survivors among mutmut's mutants, and how many mutants there were."""
    if _tests(module, folder) != 0:
        raise SystemExit(
            f"{module}: its tests fail without any change: {' '.join(nearest(module))}"
        )
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs)]
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True)
    kept = folder / "mutants" / f"{module}.meta"
    # Every module of rules has functions, so mutmut keeps something unless it broke.
    codes = json.loads(kept.read_text())["exit_code_by_key"] if kept.exists() else {"": None}
    untested = "could not find any test case" in done.stdout
    if None in codes.values() and not untested:
        raise SystemExit(
            f"{module}: mutmut stopped early:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    alive = [name for name, code in codes.items() if code not in _KILLED]
    return [_survivor(name, module, folder) for name in alive], len(codes)


def _survivor(name: str, module: str, folder: Path) -> Survivor:
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    with contextlib.chdir(folder):
        diff = get_diff_for_mutant(name, path=module).splitlines()[2:]
    before = " ".join(line[1:].strip() for line in diff if line.startswith("-"))
    after = " ".join(line[1:].strip() for line in diff if line.startswith("+")) or _NOTHING
    where = name.rpartition(".")[2].rpartition("__mutmut")[0].removeprefix("x_")
    return Survivor(where.removeprefix("xǁ").replace("ǁ", "."), before, after)


def _tests(module: str, folder: Path) -> int:
    command = [sys.executable, "-m", "pytest", *_TESTS, *nearest(module)]
    return subprocess.run(command, cwd=folder, env=_environment(), capture_output=True).returncode


def _environment() -> dict[str, str]:
    # Two changes within one second would otherwise share a compiled file.
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def compared(result: Result, listed: set[Survivor]) -> Iterator[str]:
    new = [survivor.line("reason?") for survivor in result.survivors if survivor not in listed]
    gone = [survivor.line("…") for survivor in listed - set(result.survivors)]
    if new:
        yield "\n".join([f"\n{result.module}: survivors that docs/mutants.md does not list:", *new])
    if gone:
        yield "\n".join([f"\n{result.module}: listed in docs/mutants.md, but they die:", *gone])


def read_listed(page: str) -> dict[str, set[Survivor]]:
    """Module → the survivors that the page gives reasons for."""
    listed: dict[str, set[Survivor]] = {}
    module = ""
    for line in page.splitlines():
        if line.startswith("## "):
            module = line[3:].strip()
        elif found := _LINE.fullmatch(line):
            listed.setdefault(module, set()).add(Survivor(*found.groups()[:3]))
    return listed


def _is_asked(module: str, names: Sequence[str]) -> bool:
    return any(name in (module, Path(module).stem) for name in names)


def _fingerprint(module: str) -> str:
    """Of everything that can change the result."""
    files, waiting = (
        set[Path](),
        [module, *nearest(module), "tools/mutants.py", "tools/constants.py"],
    )
    while waiting:
        path = ROOT / waiting.pop()
        if path not in files and path.is_file():
            files.add(path)
            waiting += [*_imported(path), str(path.parent / "conftest.py")]
    contents = [f"{path.relative_to(ROOT)} {path.read_text()}" for path in sorted(files)]
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def _imported(path: Path) -> Iterator[str]:
    """Files that the imports may mean; not all exist."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield f"{name.replace('.', '/')}.py"


if __name__ == "__main__":
    sys.exit(main())
