"""Do the promises hold, in numbers? Runs every module here that has `rows()`; `make bench
ONLY=<name>` runs one.
"""

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.figure import Row

HERE = Path(__file__).parent
COLUMNS = ("name", "ours", "other", "unit", "ratio", "goal", "holds")


def main(argv: list[str]) -> int:
    names = sorted(
        module.name for module in pkgutil.iter_modules([str(HERE)]) if module.name != "__main__"
    )
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    benches = {
        name: module for name, module in modules.items() if hasattr(module, "rows")
    }  # the rest they share
    if unknown := set(argv) - set(benches):
        print(
            f"There is no bench called {', '.join(sorted(unknown))}; there are"
            f" {', '.join(benches)}.",
            file=sys.stderr,
        )
        return 2
    measured = list(_measured({name: benches[name] for name in argv or benches}))
    _write(measured)
    _print(measured)
    return 0 if measured and all(row["holds"] for row in measured) else 1


def _measured(benches: dict[str, ModuleType]) -> Iterator[Row]:
    for name, module in benches.items():
        print(f"· {name} …", flush=True)
        begun = time.monotonic()
        rows: list[Row] = [*module.rows()]
        print(f"· {name}: {len(rows)} figures in {time.monotonic() - begun:.0f} s", flush=True)
        yield from ({"bench": name, **row} for row in rows)


def _write(measured: list[Row]) -> None:
    """Figures of benches that did not run this time stay as they were."""
    file = HERE / "results.json"
    kept: list[Row] = json.loads(file.read_text()) if file.exists() else []
    ran = {row["bench"] for row in measured}
    file.write_text(
        json.dumps([row for row in kept if row["bench"] not in ran] + measured, indent=1) + "\n"
    )


def _print(measured: list[Row]) -> None:
    lines = [COLUMNS, *(tuple(_shown(row.get(column)) for column in COLUMNS) for row in measured)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(COLUMNS))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
