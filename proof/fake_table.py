"""What does DynamoDB do with the expressions that lambdas/aws/state.py sends for the trigger? One
item, in memory.

tests/trigger/test_store.py runs the same random operations on this and on the local cloud's
DynamoDB and compares.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from lambdas.aws.state import StateTable

Item = dict[str, Any]
Path = tuple[str | int, ...]


class FakeTable:
    """`item` is never changed in place, so that the model checker may share it between states."""

    def __init__(self, item: Item | None = None, *, ignore_conditions: bool = False) -> None:
        self.item: Item = item or {}
        self._ignore_conditions = ignore_conditions

    @property
    def state(self) -> StateTable:
        """The shipped reads and writes, on this table."""
        return StateTable(cast(Any, self))  # two of a Table's many methods are here

    def get_item(self, **request: Any) -> dict[str, Any]:
        if request != {"Key": {"id": "trigger"}, "ConsistentRead": True}:
            raise _error(
                "ValidationException",
                f"only the trigger's item is here, and only for consistent reads: {request}",
            )
        return {"Item": self.item} if self.item else {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        values: dict[str, Any] = request["ExpressionAttributeValues"]
        update, condition = request["UpdateExpression"], request.get("ConditionExpression", "")
        _refuse_unused(f"{update} {condition}", [*values, *request["ExpressionAttributeNames"]])
        if condition and not self._ignore_conditions and not _holds(condition, self.item, values):
            raise _error("ConditionalCheckFailedException", "The conditional request failed")
        self.item = _updated(update, self.item or {"id": "trigger"}, values)
        return {}


def _updated(expression: str, item: Item, values: Mapping[str, Any]) -> Item:
    """Every right-hand side sees the item as it was before the update."""
    sets, removes, adds = _parse_update(expression)
    results = [(path, operand(item, values)) for path, operand in sets]
    new = {
        name: value.copy() if isinstance(value, dict | list) else value
        for name, value in item.items()
    }
    for path, value in results:
        _container(new, path)[path[-1]] = value
    for path, key in adds:
        new[str(path[0])] = item.get(str(path[0]), 0) + values[key]
    for path in removes:
        container = _container(new, path)
        if isinstance(container, list):
            del container[int(path[-1]) : int(path[-1]) + 1]
        else:
            container.pop(path[-1], None)
    return new


@functools.cache
def _parse_update(
    expression: str,
) -> tuple[list[tuple[Path, "Operand"]], list[Path], list[tuple[Path, str]]]:
    clauses = dict(re.findall(r"(SET|REMOVE|ADD) (.*?)(?= (?:SET|REMOVE|ADD) |$)", expression))
    sets = [part.split(" = ") for part in _split(clauses.get("SET", ""))]
    adds = [part.split(" ") for part in _split(clauses.get("ADD", ""))]
    return (
        [(_path(target), _operand(source)) for target, source in sets],
        [_path(part) for part in _split(clauses.get("REMOVE", ""))],
        [(_path(target), key) for target, key in adds],
    )


def _split(clause: str) -> list[str]:
    """At the commas that stand outside parentheses."""
    return [
        part.strip()
        for part in re.split(r",(?![^()]*(?:\([^()]*\)[^()]*)*\))", clause)
        if part.strip()
    ]


def _path(text: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"\w+", text))


Operand = Callable[[Item, Mapping[str, Any]], Any]


def _operand(text: str) -> Operand:
    if text.startswith(":"):
        return lambda _, values: values[text]
    call = re.fullmatch(r"(if_not_exists|list_append)\((.*)\)", text)
    if call is None:
        path = _path(text)
        return lambda item, _: _existing(item, path)
    first, second = _split(call[2])
    if call[1] == "list_append":
        left, right = _operand(first), _operand(second)
        return lambda item, values: left(item, values) + right(item, values)
    path, default = _path(first), _operand(second)
    return lambda item, values: (
        default(item, values) if (found := _get(item, path)) is None else found
    )


def _holds(condition: str, item: Item, values: Mapping[str, Any]) -> bool:
    return any(
        all(_term_holds(term, item, values) for term in alternative.split(" AND "))
        for alternative in condition.split(" OR ")
    )


def _term_holds(term: str, item: Item, values: Mapping[str, Any]) -> bool:
    if term.startswith("attribute_not_exists("):
        return _get(item, _path(term[len("attribute_not_exists(") : -1])) is None
    if term.startswith("attribute_exists("):
        return _get(item, _path(term[len("attribute_exists(") : -1])) is not None
    path, relation, key = term.split(" ")
    same = bool(_get(item, _path(path)) == values[key])
    return same == (relation == "=")


def _get(item: Item, path: Path) -> Any:
    found: Any = item
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError):
            return None
    return found


def _existing(item: Item, path: Path) -> Any:
    if (found := _get(item, path)) is None:
        raise _error(
            "ValidationException",
            "The provided expression refers to an attribute that does not exist",
        )
    return found


def _container(item: Item, path: Path) -> Any:
    if (container := _get(item, path[:-1])) is None:
        raise _error(
            "ValidationException", "The document path provided in the update expression is invalid"
        )
    return container


def _refuse_unused(expressions: str, placeholders: list[str]) -> None:
    used = set(re.findall(r"[#:]\w+", expressions))
    if used != set(placeholders):
        raise _error(
            "ValidationException", f"unused or undefined in expressions: {used ^ set(placeholders)}"
        )


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "UpdateItem")
