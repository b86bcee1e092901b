"""A release whose model is more than data, or no classifier of this camera, is refused with its
reason; none is accepted, none hangs, and the camera goes on with what it has.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from onnx import TensorProto, helper, numpy_helper

from camera import trial
from camera.prove import Proof
from camera.running import Running
from camera.store import Store
from camera.trial import prove_apart
from camera.update import Outcome, take
from lensloop.wire.errors import BadArtifact
from tests.camera.conftest import Shelf
from tests.camera.small_release import colour_model, make_release
from tests.camera.test_update import assert_works, install
from tests.wire.test_onnx_check import REFUSED, changed, with_node

MEMORY = 800 * 1024**2  # of a trial here; a camera has more
HANGS = 3  # so long is waited here for what hangs; a camera waits longer


def slow() -> bytes:
    """No loop, and still hours of arithmetic: a product of large matrices for each picture."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("ReduceMean", ["m"], ["one"], axes=[0, 1], keepdims=0),
        helper.make_node("Expand", ["one", "large"], ["p0"]),
        *(helper.make_node("MatMul", [f"p{i}", f"p{i}"], [f"p{i + 1}"]) for i in range(400)),
        helper.make_node("ReduceMean", ["p400"], ["least"], keepdims=0),
        helper.make_node("Add", ["m", "least"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    return small(nodes, large=numpy.array([3000, 3000], numpy.int64))


def hungry() -> bytes:
    """A few bytes that ask for a terabyte."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("ConstantOfShape", ["large"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["least"], keepdims=0),
        helper.make_node("Add", ["m", "least"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    return small(nodes, large=numpy.array([2**38], numpy.int64))


def constant(answer: int = 0) -> bytes:
    """The same answer for whatever it is shown."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["m"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["m", "none"], ["same"]),
        helper.make_node("Add", ["same", "always"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    none, always = numpy.zeros((2, 3), numpy.float32)
    always[answer] = 9
    return small(nodes, none=none, always=always)


def no_probabilities() -> bytes:
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["probabilities"], axes=[1, 2], keepdims=0),
    ]
    return small(nodes)


def small(nodes: list[Any], **weights: Any) -> bytes:
    graph = helper.make_graph(
        nodes,
        "bad",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = helper.make_opsetid("", 13)
    return bytes(helper.make_model(graph, ir_version=8, opset_imports=[opset]).SerializeToString())


# What only shows when it is run: the trial's own process ends it.
FAILING: dict[str, tuple[Callable[[], bytes], str]] = {
    "it hangs": (slow, f"did not prove itself within {HANGS} s"),
    "it takes all memory": (hungry, ""),
    "it answers the same for all": (constant, "golden pictures are answered wrongly"),
    "no probabilities": (no_probabilities, "is not one probability for each"),
    "weights of another kind": (
        lambda: changed(lambda model: model.graph.node[2].input.append("order")),
        "cannot load the model",
    ),
    "a node that does not exist": (lambda: with_node("Imagine", []), "cannot load the model"),
    "mixed up labels": (lambda: colour_model((1, 0, 2)), "4 of 6 golden pictures"),
}


@pytest.mark.parametrize(("made", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_no_camera_takes_what_is_not_only_data(
    home: Path, shelf: Shelf, made: Callable[[], bytes], sentence: str
) -> None:
    store, running = install(home, shelf, 7)
    outcome = take(shelf.put(make_release(8, model=made())), store, running, "trash")
    assert_refused(outcome, sentence)
    assert_goes_on(home, store, outcome.running)


@pytest.mark.parametrize(("made", "sentence"), FAILING.values(), ids=FAILING.keys())
def test_no_camera_takes_a_bad_model_or_hangs_on_it(
    home: Path,
    shelf: Shelf,
    made: Callable[[], bytes],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, running = install(home, shelf, 7)
    seconds = HANGS if made is slow else trial.SECONDS

    def limited(folder: Path, _: float) -> Proof:
        return prove_apart(folder, seconds, MEMORY)

    monkeypatch.setattr(trial, "prove_apart", limited)
    began = time.monotonic()
    outcome = take(shelf.put(make_release(8, model=made())), store, running, "trash")
    assert_refused(outcome, sentence)
    assert time.monotonic() - began < seconds + 10
    assert_goes_on(home, store, outcome.running)


def assert_refused(outcome: Outcome, sentence: str) -> None:
    assert outcome.answer.status == "FAILED"
    assert sentence in outcome.answer.details["reason"]
    assert len(outcome.answer.details["reason"]) > 20


def assert_goes_on(home: Path, store: Store, running: Running | None) -> None:
    assert_works(home, running, 7)
    assert [good.epoch for good in store.state.good] == [7]


# The process of the trial


def in_a_process(code: str) -> "subprocess.CompletedProcess[str]":
    begin = "from camera import trial; trial.warm_up(); trial.shut(2**31)\n"
    return subprocess.run(
        [sys.executable, "-c", begin + code], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('/etc/passwd')", "Too many open files"),
        ("open('/tmp/new', 'w')", "Too many open files"),
        ("import socket; socket.socket()", "Error"),
        ("bytes(2**32)", "MemoryError"),
    ],
)
def test_once_shut_the_process_opens_nothing_and_takes_no_more_memory(
    code: str, error: str
) -> None:
    done = in_a_process(code)
    assert done.returncode == 1
    assert error in done.stderr


def test_nothing_that_a_person_set_reaches_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "text = repr(os.environ).encode()\n"
        "os.write(1, b'{\"refused\": \"%s\"}' % (b'seen' if b'secret' in text else b'unseen'))\n"
        "os._exit(3)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BadArtifact, match=r"^unseen$"):
        prove_apart(tmp_path)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import time; time.sleep(60)", "within 2 s"),
        ("import os; os.abort()", "ended by signal 6"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("import os; os._exit(1)", "ended with status 1"),
        ("import os; os._exit(0)", "answers"),
        ("import os; os.write(1, b'[' * 9000); os._exit(0)", "answers"),
        ("import os; os.write(1, b'{}'); os._exit(0)", "`right`"),
    ],
)
def test_however_the_process_ends_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, sentence: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    began = time.monotonic()
    with pytest.raises(BadArtifact) as failed:
        prove_apart(tmp_path, seconds=2)
    assert sentence in str(failed.value)
    assert time.monotonic() - began < 10
