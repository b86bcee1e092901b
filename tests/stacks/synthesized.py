"""What does the app synthesize? Its templates, and the questions that the tests ask of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk

import app

ROOT = Path(__file__).parents[2]
MLFLOW_APP = "arn:aws:sagemaker:eu-central-1:111122223333:mlflow-app/app-ABC"
CURATOR = "arn:aws:iam::111122223333:role/curator"


class Resource(NamedTuple):
    stack: str
    name: str
    type: str
    properties: dict[str, Any]
    body: dict[str, Any]


class Statement(NamedTuple):
    where: str
    statement: dict[str, Any]

    def all_of(self, key: str) -> list[Any]:
        value = self.statement.get(key, [])
        return value if isinstance(value, list) else [value]


@dataclass
class Synthesized:
    folder: Path

    @property
    def templates(self) -> dict[str, dict[str, Any]]:
        return {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(self.folder.glob("*.template.json"))
        }

    def resources(self, *types: str) -> list[Resource]:
        return [
            Resource(stack, name, body["Type"], body.get("Properties", {}), body)
            for stack, template in self.templates.items()
            for name, body in template["Resources"].items()
            if not types or body["Type"] in types
        ]

    def one(self, type: str) -> Resource:
        (found,) = self.resources(type)
        return found

    def statements(self) -> Iterator[Statement]:
        """Every statement of every policy, whatever it hangs on."""
        for resource in self.resources():
            for path, statement in _statements(resource.properties):
                yield Statement(f"{resource.stack}/{resource.name}{path}", statement)


def _statements(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if "Effect" in node and "Action" in node:
            yield path, node
        for key, value in node.items():
            yield from _statements(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from _statements(value, path)


def context(**settings: Any) -> dict[str, Any]:
    shipped: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return shipped | {"training_platform": "local"} | settings


def synthesize(folder: Path, **settings: Any) -> Synthesized:
    cloud = cdk.App(context=context(**settings), outdir=str(folder))
    app.compose(cloud)
    cloud.synth()
    return Synthesized(folder)


def flat(value: Any) -> str:
    """An intrinsic function's value as text, with the names of what it refers to."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(flat, value))
    ((function, argument),) = value.items()
    match function:
        case "Fn::Join":
            return str(argument[0]).join(map(flat, argument[1]))
        case "Fn::GetAtt" | "Fn::FindInMap":
            return "${" + ".".join(map(flat, argument)) + "}"
        case "Fn::Sub":
            return flat(argument)
        case _:
            return "${" + flat(argument) + "}"
