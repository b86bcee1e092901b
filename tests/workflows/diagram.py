"""What do the workflows look like? Draws the synthesized definitions into docs/how-it-works.md.

A test fails when the page is stale; `UPDATE_DOCS=1 python -m pytest tests/workflows/test_docs.py`
brings it up to date.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works.md"
_BLOCK = (
    "<!-- {name}: drawn from the synthesized workflow by tests/workflows/test_docs.py"
    " -->\n```mermaid\n{drawing}```\n"
)


def mermaid(definition: Mapping[str, Any]) -> str:
    """Every state, with its outcomes; what leads to the report of an accident is drawn once, for
    all steps together.
    """
    accident = _accident(definition)
    ids = {name: f"s{number}" for number, name in enumerate(definition["States"])}
    lines = ["flowchart TD"]
    for name, state in definition["States"].items():
        lines.append(f"    {ids[name]}{_shape(name, state['Type'])}")
        for target, label, arrow in _edges(state, accident):
            text = f'|"{label}"|' if label else ""
            lines.append(f"    {ids[name]} {arrow}{text} {ids[target]}")
    lines.append(f'    any[/"any step that fails"/] -.-> {ids[accident]}')
    return "\n".join(lines) + "\n"


def _accident(definition: Mapping[str, Any]) -> str:
    """The state that most failures lead to."""
    catches = Counter[str](
        catch["Next"] for state in definition["States"].values() for catch in state.get("Catch", [])
    )
    return catches.most_common(1)[0][0]


def _shape(name: str, kind: str) -> str:
    opening, closing = {"Choice": ("{", "}"), "Succeed": ("([", "])"), "Fail": ("[[", "]]")}.get(
        kind, ("[", "]")
    )
    return f'{opening}"{name}"{closing}'


def _edges(state: Mapping[str, Any], accident: str) -> Iterator[tuple[str, str, str]]:
    rules = state.get("Choices", [])
    for rule in rules:
        condition = rule["Condition"].removeprefix("{% ").removesuffix(" %}").replace("$", "")
        yield rule["Next"], "yes" if len(rules) == 1 else condition.replace("'", ""), "-->"
    if "Default" in state:
        yield state["Default"], "no" if len(rules) == 1 else "else", "-->"
    if "Next" in state:
        yield state["Next"], "", "-->"
    for catch in state.get("Catch", []):
        if catch["Next"] not in (accident, state["Next"]):
            yield catch["Next"], "fails", "-.->"


def updated(page: str, definitions: Mapping[str, Mapping[str, Any]]) -> str:
    for name, definition in definitions.items():
        block = _BLOCK.format(name=name, drawing=mermaid(definition))
        start = re.escape(block.partition("\n")[0])
        page = re.sub(
            rf"{start}\n```mermaid\n.*?```\n", block.replace("\\", "\\\\"), page, flags=re.DOTALL
        )
    return page
