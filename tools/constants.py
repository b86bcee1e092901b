"""Which constants stand outside functions, and what is each changed to? mutmut changes functions
only; thresholds, limits and defaults stand above them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# mutmut leaves functions with other decorators alone, so that their constants are ours as well.
_MUTMUTS = ({"classmethod"}, {"staticmethod"}, set[str]())


@dataclass(frozen=True)
class Changed:
    where: str  # the name that the constant belongs to
    before: str
    after: str
    source: str  # of the whole module


def changed(source: str) -> Iterator[Changed]:
    """The module once for each constant, with that one changed."""
    for where, constant in _constants(ast.parse(source), "module"):
        start, end = _span(source, constant)
        after = _another(constant.value)
        if after is not None:
            whole = source[:start] + after + source[end:]
            yield Changed(where, source[start:end], after, whole)


def _another(value: Any) -> str | None:
    if isinstance(value, bool):
        return repr(not value)
    if isinstance(value, int):
        return repr(value + 1)
    if isinstance(value, float):
        return repr(value * 1.5 or 1.0)  # near enough that only a test at the limit sees it
    return repr(f"XX{value}XX") if isinstance(value, str) else None


def _constants(node: ast.AST, where: str) -> Iterator[tuple[str, ast.Constant]]:
    if isinstance(node, ast.Constant):
        yield where, node
        return
    for child in _children(node):
        yield from _constants(child, _name(child) or where)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    left = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    left += getattr(node, "decorator_list", [])
    for child in ast.iter_child_nodes(node):
        if child in left or _is_mutmuts(child) or _is_text_alone(child):
            continue
        if not isinstance(child, ast.JoinedStr):  # its parts have no place of their own
            yield child


def _is_mutmuts(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    return {ast.unparse(decorator) for decorator in node.decorator_list} in _MUTMUTS


def _is_text_alone(node: ast.AST) -> bool:
    """A docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return node.name
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    return ast.unparse(node.target) if isinstance(node, ast.AnnAssign) else ""


def _span(source: str, node: ast.Constant) -> tuple[int, int]:
    """Where the constant begins and ends, in characters; the parser counts bytes of a line."""
    lines = source.splitlines(keepends=True)

    def at(line: int, column: int) -> int:
        before = len(lines[line - 1].encode()[:column].decode())
        return sum(map(len, lines[: line - 1])) + before

    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
