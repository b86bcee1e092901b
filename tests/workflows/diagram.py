"""What do the workflows look like? Draws the synthesized definitions into docs/how-it-works.md.

A test fails when the page is stale; `UPDATE_DOCS=1 python -m pytest tests/workflows/test_docs.py`
brings it up to date. Every question and every end is drawn, and the steps that the page names: to
have a new one drawn, write a line `"Its name"` into the drawing and bring it up to date.
"""

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works.md"
_BLOCK = (
    "<!-- {name}: drawn from the synthesized workflow by tests/workflows/test_docs.py"
    " -->\n```mermaid\n{drawing}```\n"
)


def mermaid(definition: Mapping[str, Any], named: Container[str]) -> str:
    """The states with their outcomes. What leads to the report of an accident is drawn once, for
    all steps together; steps that are not `named` are passed over.
    """
    states = _drawn(definition["States"], named)
    accident = _accident(states)
    ids = {name: f"s{number}" for number, name in enumerate(states)}
    lines = ["flowchart TD"]
    for name, state in states.items():
        lines.append(f"    {ids[name]}{_shape(name, state['Type'])}")
        for target, label, arrow in _edges(state, accident):
            text = f'|"{label}"|' if label else ""
            lines.append(f"    {ids[name]} {arrow}{text} {ids[target]}")
    lines.append(f'    any[/"any step that fails"/] -.-> {ids[accident]}')
    return "\n".join(lines) + "\n"


def _drawn(states: Mapping[str, Any], named: Container[str]) -> dict[str, Any]:
    """Without what says nothing to a reader, such as the report before each end: what led there
    leads to what follows.
    """
    hidden = {name: s["Next"] for name, s in states.items() if _is_hidden(name, s, named)}

    def shown(value: Any) -> Any:
        if isinstance(value, list):
            return [shown(part) for part in value]
        if isinstance(value, dict):
            return {key: shown(part) for key, part in value.items()}
        while isinstance(value, str) and value in hidden:
            value = hidden[value]
        return value

    return {name: shown(state) for name, state in states.items() if name not in hidden}


def _is_hidden(name: str, state: Mapping[str, Any], named: Container[str]) -> bool:
    return "Next" in state and (name.startswith("Tell: ") or name not in named)


def _accident(states: Mapping[str, Any]) -> str:
    """The state that most failures lead to."""
    catches = Counter[str](
        catch["Next"] for state in states.values() for catch in state.get("Catch", [])
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
        start = re.escape(_BLOCK.format(name=name, drawing="").partition("\n")[0])

        def drawn(found: re.Match[str], name: str = name, definition: Any = definition) -> str:
            named = re.findall(r'"(.+?)"', found[0])
            return _BLOCK.format(name=name, drawing=mermaid(definition, named))

        page = re.sub(rf"{start}\n```mermaid\n.*?```\n", drawn, page, flags=re.DOTALL)
    return page
