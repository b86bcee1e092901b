"""Which CreateTrainingJob requests does AWS refuse?

What botocore's model of SageMaker says (types, required members, lengths, patterns, enumerations)
and the rules between members that its documentation adds.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from botocore.loaders import Loader
from botocore.model import Shape, ShapeResolver
from botocore.validate import ParamValidator

from local.sagemaker.box import ML
from local.sagemaker.checkpoints import DEFAULT_PATH

Request = dict[str, Any]
DEFAULT_RUNTIME = 86_400


def mistakes(request: Request) -> list[str]:
    """One sentence for each; empty when AWS would take the request."""
    wrong = wrong_form(request, "CreateTrainingJobRequest")
    # The rules rely on the form.
    return (
        wrong if any("Parameter validation" in one for one in wrong) else [*wrong, *_rules(request)]
    )


def wrong_form(request: Request, name: str) -> list[str]:
    """What the model of this request says against it, a sentence for each."""
    shape = _request_shape(name)
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        return [report.generate_report()]
    return [*_limits(shape, request, "")]


@functools.cache
def _request_shape(request: str) -> Shape:
    """Only the shapes that the request reaches:
    the whole model of SageMaker would take tens of MB of memory.
    """
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    reached: dict[str, Any] = {}
    open_names = [request]
    while open_names:
        name = open_names.pop()
        if name not in reached:
            reached[name] = shapes[name]
            open_names += _names_in(shapes[name])
    return ShapeResolver(reached).get_shape_by_name(request)


def _names_in(shape: dict[str, Any]) -> list[str]:
    members = [
        *shape.get("members", {}).values(),
        *(shape[key] for key in ("member", "key", "value") if key in shape),
    ]
    return [member["shape"] for member in members]


def _limits(shape: Any, value: Any, where: str) -> Iterator[str]:
    """Patterns, enumerations and upper limits,
    which botocore's own validator leaves to the service.
    """
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _limits(shape.members[name], member, f"{where}.{name}".lstrip("."))
    elif shape.type_name == "list":
        for item in value:
            yield from _limits(shape.member, item, f"{where}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _limits(shape.key, key, f"{where}.{key}")
            yield from _limits(shape.value, item, f"{where}.{key}")
    yield from _limit(shape, value, where)


def _limit(shape: Any, value: Any, where: str) -> Iterator[str]:
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    size = (
        len(value)
        if isinstance(value, (str, list, dict)) and shape.type_name != "structure"
        else size
    )
    limits = shape.metadata
    failed = f"Value '{value}' at '{where}' failed to satisfy constraint: Member must "
    if shape.type_name == "string" and limits.get("enum") and value not in limits["enum"]:
        yield f"{failed}satisfy enum value set: {limits['enum']}"
    if (
        shape.type_name == "string"
        and limits.get("pattern")
        and not re.fullmatch(_python(limits["pattern"]), value)
    ):
        yield f"{failed}satisfy regular expression pattern: {limits['pattern']}"
    if size is not None and limits.get("max") is not None and size > limits["max"]:
        yield f"{failed}have a size of at most {limits['max']}"


@functools.cache
def _python(pattern: str) -> str:
    """Java's character classes that Python spells differently. SageMaker's model also repeats an
    end of text (`$`), which says nothing that its limits do not.
    """
    plain = re.sub(r"\$\{\d+,\d+\}$", "", pattern)
    for letter, ours in {"L": r"\w", "Z": r"\s", "N": r"\d"}.items():
        plain = plain.replace(f"\\p{{{letter}}}", ours)
    return re.sub(r"\\p\{(\w)\}", lambda found: _of_category(found[1]), plain)


def _of_category(letter: str) -> str:
    """The characters whose category in Unicode begins with this letter, for a class in brackets.
    Those of scripts further on are not looked for: it would take a second.
    """
    named = (chr(code) for code in range(0x3000))
    return "".join(re.escape(c) for c in named if unicodedata.category(c)[0] == letter)


def _rules(request: Request) -> Iterator[str]:
    yield from _required(request)
    yield from _times(request)
    channels = [channel["ChannelName"] for channel in request.get("InputDataConfig", [])]
    if repeated := sorted({name for name in channels if channels.count(name) > 1}):
        yield f"Channel names must be unique; repeated: {', '.join(repeated)}"
    yield from _beyond_us(request)


def _required(request: Request) -> Iterator[str]:
    algorithm = request.get("AlgorithmSpecification", {})
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "You must specify either TrainingImage or AlgorithmName, and not both"
    if not algorithm.get("TrainingInputMode"):
        yield "TrainingInputMode is required"
    for missing in ("OutputDataConfig", "ResourceConfig", "StoppingCondition", "RoleArn"):
        if missing not in request:
            yield f"{missing} is required"


def _times(request: Request) -> Iterator[str]:
    stopping = request.get("StoppingCondition", {})
    run = stopping.get("MaxRuntimeInSeconds", DEFAULT_RUNTIME)
    wait = stopping.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            yield "MaxWaitTimeInSeconds is only for managed spot training"
        return
    if request.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds"):
        yield "KeepAlivePeriodInSeconds is not supported for managed spot training"
    if wait is None or wait < run:
        yield (
            "MaxWaitTimeInSeconds must be set for spot training, and not be below"
            " MaxRuntimeInSeconds"
        )


def _beyond_us(request: Request) -> Iterator[str]:
    """What AWS takes and the local cloud cannot do: better refused than pretended."""
    resources = request.get("ResourceConfig", {})
    if resources.get("InstanceCount", 1) != 1 or resources.get("InstanceGroups"):
        yield "the local cloud trains on one instance only (ResourceConfig)"
    modes = {channel.get("InputMode") for channel in request.get("InputDataConfig", [])}
    if (modes | {request.get("AlgorithmSpecification", {}).get("TrainingInputMode")}) & {
        "Pipe",
        "FastFile",
    }:
        yield "the local cloud knows input mode File only"
    kept = request.get("CheckpointConfig", {}).get("LocalPath", DEFAULT_PATH)
    if not kept.startswith(f"{ML}/"):
        yield f"the local cloud keeps checkpoints below {ML} only (LocalPath {kept})"
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
            yield (
                "the local cloud knows S3Prefix and ManifestFile only (channel"
                f" {channel['ChannelName']})"
            )
