"""Does every path of both workflows, as synthesized, lead where it should, with its reasons, and is
every end reported?
"""

import json
from typing import Any

import pytest

from lensloop.machines.choose import CACHE_DAMAGED
from tests.workflows.interpreter import Failure, Interpreter, Run
from tests.workflows.scenes import (
    BROKEN,
    DATASET,
    MODEL,
    NO_QUOTA,
    NO_SPOT,
    OWN_FAULT,
    RETRAINING,
    RETRAINING_SCENES,
    ROLLOUT,
    ROLLOUT_SCENES,
    TO_TRAIN,
    VERDICT,
    WAITING,
    Scene,
    failed_job,
    stopped,
)

BUSY = Failure("Lambda.TooManyRequestsException")
CONFLICT = Failure("TransactionCanceledException", "Transaction cancelled … [TransactionConflict]")
KEPT = {
    "retraining": (
        *("snapshot", "dataset", "copies", "artefact", "machine", "training", "deleted"),
        *("doubts", "verdict", "release", "registered", "failure"),
    ),
    "rollout": ("canary", "fleet", "back", "failure"),
}


def check(run: Run, scene: Scene, workflow: str) -> None:
    assert run.path == scene.path, run.cause
    if scene.error:
        assert (run.status, run.error) == ("FAILED", scene.error)
        assert run.cause
    else:
        assert run.status == "SUCCEEDED"
        assert (run.output["outcome"], run.output["epoch"], tuple(run.output["reasons"])) == (
            scene.outcome,
            7,
            scene.reasons,
        )
    [reported] = run.of("tell")
    assert set(reported) == {
        *("workflow", "epoch", "execution", "started_at", "outcome"),
        *KEPT[workflow],
    }
    assert (reported["workflow"], reported["epoch"], reported["outcome"]) == (
        workflow,
        7,
        scene.outcome,
    )
    assert reported["execution"].endswith(":r00000007")
    assert reported["started_at"]
    failed = scene.outcome in ("failed", "not-rolled-out", "pictures-deleted", "no-machine")
    assert (reported["failure"] is not None) == failed


@pytest.mark.parametrize("scene", RETRAINING_SCENES, ids=lambda scene: scene.id)
def test_retraining_ends_where_it_should_and_says_why(
    scene: Scene, retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | scene.answers)
    check(run, scene, "retraining")
    if not scene.error:
        assert run.output["digest"] == "d1"
    settles = scene.outcome not in ("pictures-deleted", "no-machine")
    if not scene.error and settles:
        judged = "Judge" in scene.path
        assert run.output["standards"] == (VERDICT if judged else DATASET)["standards"]


@pytest.mark.parametrize("scene", ROLLOUT_SCENES, ids=lambda scene: scene.id)
def test_rollout_ends_where_it_should_and_says_why(
    scene: Scene, rollout: dict[str, Any], interpreter: Interpreter
) -> None:
    check(interpreter.run(rollout, ROLLOUT | scene.answers), scene, "rollout")


@pytest.mark.parametrize(
    ("workflow", "scenes"),
    [("retraining", RETRAINING_SCENES), ("rollout", ROLLOUT_SCENES)],
    ids=["retraining", "rollout"],
)
def test_the_scenes_pass_every_state(
    workflow: str, scenes: list[Scene], request: pytest.FixtureRequest
) -> None:
    passed = {state for scene in scenes for state in scene.path}
    assert passed == set(request.getfixturevalue(workflow)["States"])


def test_every_chunk_is_inspected_once(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING)
    assert (
        sorted(call["chunk"] for call in run.of("inspect-images"))
        == RETRAINING["take-snapshot"]["chunks"]
    )


def test_a_chunk_that_outlasts_its_function_is_gone_on_with(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    unfinished = Failure(
        "InspectionUnfinished",
        "datasets/inspections/7/0000.json: 90 of 180 pictures, then no time.",
    )
    killed = Failure(
        "Runtime.OutOfMemory", '{"errorMessage": "Runtime exited with error: signal: killed"}'
    )
    answers = [
        unfinished,
        unfinished,
        killed,
        RETRAINING["inspect-images"],
        RETRAINING["inspect-images"],
    ]
    run = interpreter.run(retraining, {**RETRAINING, "inspect-images": answers})
    assert run.path[-1] == "Release published"


def test_nothing_to_inspect_is_no_obstacle(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | {"take-snapshot": {"epoch": 7, "chunks": []}})
    assert (run.path[-1], run.of("inspect-images")) == ("Release published", [])
    assert run.of("assemble-dataset") == [{"epoch": 7, "chunks": []}]


def test_the_model_that_was_trained_is_judged_and_published(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING)
    model = RETRAINING["createTrainingJob.sync"]["ModelArtifacts"]["S3ModelArtifacts"]
    trained = {"epoch": 7, "digest": "d1", "model": model}
    assert run.of("report-suspicious-labels") == [trained]
    assert run.of("judge") == [{**trained, "approved": False, "live_gone": None}]
    assert run.of("publish-release") == [{**trained, "slid": 0.01, "approved": False}]
    registered = {"reasons": VERDICT["reasons"], "waits": False, "instead_of": 0}
    assert run.of("register-release") == [{**trained, **registered}]


def test_a_model_that_was_trained_before_is_judged_and_nothing_is_trained(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    older = MODEL.replace("trash-7-1", "trash-5-1")
    answers = {"assemble-dataset": DATASET | {"model": older}}
    run = interpreter.run(retraining, RETRAINING | answers)
    assert run.of("createTrainingJob.sync") == []
    for step in ("report-suspicious-labels", "judge", "publish-release"):
        assert [call["model"] for call in run.of(step)] == [older]
    [told] = run.of("tell")
    assert told["training"] == {"jobs": [], "model": older}


def test_the_rollout_is_started_once_for_each_epoch(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    started = interpreter.run(retraining, RETRAINING).of("startExecution")
    assert [(start["Name"], start["Input"]) for start in started] == [("r00000007", {"epoch": 7})]


def jobs_of(run: Run) -> list[tuple[str, str, bool]]:
    """Name, instance, spot."""
    return [
        (
            job["TrainingJobName"],
            job["ResourceConfig"]["InstanceType"],
            job["EnableManagedSpotTraining"],
        )
        for job in run.of("createTrainingJob.sync")
    ]


LADDER = [
    ("deeplens-trash-7-1", "ml.m5.xlarge", True),
    ("deeplens-trash-7-2", "ml.m5.xlarge", False),
    ("deeplens-trash-7-3", "ml.m6i.xlarge", True),
    ("deeplens-trash-7-4", "ml.m6i.xlarge", False),
    ("deeplens-trash-7-5", "ml.c5.2xlarge", True),
    ("deeplens-trash-7-6", "ml.c5.2xlarge", False),
]


def test_each_type_is_tried_on_spot_and_on_demand_and_each_job_has_a_name_of_its_own(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": NO_SPOT})
    assert jobs_of(run) == LADDER
    first, second = (job["StoppingCondition"] for job in run.of("createTrainingJob.sync")[:2])
    assert first == {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 5400}
    assert second == {"MaxRuntimeInSeconds": 3600}


def test_the_third_machine_trains_when_the_first_two_cannot_be_had(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    answers = [NO_QUOTA, NO_SPOT, RETRAINING["createTrainingJob.sync"]]
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": answers})
    assert run.path[-1] == "Release published"
    assert jobs_of(run) == LADDER[:3]
    told = reported_by(run)
    assert [job["instance"] for job in told["training"]["jobs"]] == [
        "ml.m5.xlarge",
        "ml.m6i.xlarge",
    ]
    kinds = [(one["instance"], one["spot"], one["fault"]) for one in told["machine"]["tried"]]
    assert kinds == [("ml.m5.xlarge", True, "quota"), ("ml.m5.xlarge", False, "capacity")]


def test_a_damaged_cache_costs_one_more_job_on_the_same_machine(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    damaged = Failure("States.TaskFailed", failed_job(f"AlgorithmError: {CACHE_DAMAGED}: 12 rows."))
    answers = [NO_SPOT, damaged, RETRAINING["createTrainingJob.sync"]]
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": answers})
    assert run.path[-1] == "Release published"
    again = ("deeplens-trash-7-3", "ml.m5.xlarge", False)
    assert jobs_of(run) == [*LADDER[:2], again]


@pytest.mark.parametrize("as_failure", [True, False], ids=["a failure", "an answer"])
@pytest.mark.parametrize(
    ("why", "then"),
    [
        ("MaxWaitTimeExceeded", "Train"),
        ("Interrupted", "Train"),
        ("MaxRuntimeExceeded", "Find deleted pictures"),
        ("Stopped", "Tell: retraining failed"),
    ],
)
def test_a_job_that_was_stopped_is_no_model_and_is_repeated_only_where_aws_is_to_blame(
    why: str, then: str, as_failure: bool, retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    """No guide says whether .sync takes a stopped job
    for a failure or for an answer: either must do.
    """
    ended = Failure("States.TaskFailed", json.dumps(stopped(why))) if as_failure else stopped(why)
    done = RETRAINING["createTrainingJob.sync"]
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": [ended, done]})
    assert run.path[len(TO_TRAIN) + 1 :][:3] == ["Choose machine", "Which fault?", then]
    [reported] = run.of("tell")
    first, *_ = reported["training"]["jobs"]
    assert (first["status"], first["seconds"], first["spot"]) == ("Stopped", 62, True)
    assert why in run.cause or then == "Train"


@pytest.mark.parametrize(
    "step", ["take-snapshot", "inspect-images", "assemble-dataset", "judge", "publish-release"]
)
@pytest.mark.parametrize("fault", [BUSY, CONFLICT], ids=lambda fault: fault.error)
def test_a_busy_service_is_asked_again(
    step: str, fault: Failure, retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | {step: [fault, fault, RETRAINING[step]]})
    assert run.path[-1] == "Release published"


def test_a_run_outlasts_minutes_in_which_the_account_runs_all_the_functions_it_may(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    """With ten at once, an inspection and a burst of uploads leave no room; its work would be lost
    with the run.
    """
    done = RETRAINING["inspect-images"]
    run = interpreter.run(retraining, RETRAINING | {"inspect-images": [*12 * [BUSY], done]})
    assert run.path[-1] == "Release published"


@pytest.mark.parametrize("step", ["deploy-release", "check-rollout"])
def test_a_busy_service_does_not_end_a_rollout(
    step: str, rollout: dict[str, Any], interpreter: Interpreter
) -> None:
    assert (
        interpreter.run(rollout, ROLLOUT | {step: [BUSY, ROLLOUT[step]]}).path[-1] == "Rolled out"
    )


def test_a_training_that_could_not_be_created_for_a_moment_is_created_later(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    answers = [
        Failure("SageMaker.AmazonSageMakerException", "Rate exceeded"),
        RETRAINING["createTrainingJob.sync"],
    ]
    run = interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": answers})
    assert "Choose machine" not in run.path
    assert run.path[-1] == "Release published"


@pytest.mark.parametrize(
    ("workflow", "usual", "scene"),
    [
        *(("retraining", RETRAINING, scene) for scene in RETRAINING_SCENES),
        *(("rollout", ROLLOUT, scene) for scene in ROLLOUT_SCENES),
    ],
    ids=lambda value: value.id if isinstance(value, Scene) else "",
)
def test_an_end_that_cannot_be_reported_stays_the_same_end(
    workflow: str,
    usual: dict[str, Any],
    scene: Scene,
    interpreter: Interpreter,
    request: pytest.FixtureRequest,
) -> None:
    definition = request.getfixturevalue(workflow)
    reported = interpreter.run(definition, usual | scene.answers)
    unreported = interpreter.run(
        definition, usual | scene.answers | {"tell": Failure("Unsent", "…")}
    )
    assert (unreported.path, unreported.output, unreported.error, unreported.cause) == (
        reported.path,
        reported.output,
        reported.error,
        reported.cause,
    )


# What the report of an end is given


def reported_by(run: Run) -> dict[str, Any]:
    [payload] = run.of("tell")
    return dict(payload)


def test_a_release_is_reported_with_what_every_step_answered(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    reported = reported_by(interpreter.run(retraining, RETRAINING))
    answers = {
        "snapshot": "take-snapshot",
        "dataset": "assemble-dataset",
        "doubts": "report-suspicious-labels",
        "verdict": "judge",
        "release": "publish-release",
    }
    assert {name: reported[name] for name in answers} == {
        name: RETRAINING[step] for name, step in answers.items()
    }
    assert reported["failure"] is None


def test_what_a_run_did_not_come_to_is_null(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    reported = reported_by(interpreter.run(retraining, RETRAINING | {"take-snapshot": BROKEN}))
    assert {reported[name] for name in KEPT["retraining"] if name != "failure"} == {None}
    assert reported["failure"] == {"Error": "BadArtifact", "Cause": BROKEN.cause}


def test_a_failure_without_a_cause_is_reported_too(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | {"judge": Failure("States.Timeout")})
    assert run.path[-1] == "Retraining failed"
    assert reported_by(run)["failure"] == {"Error": "States.Timeout", "Cause": ""}


def test_a_rollout_is_reported_with_the_last_answer_for_each_wave(
    rollout: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(rollout, ROLLOUT | {"deploy-release": [WAITING, BROKEN]})
    reported = reported_by(run)
    assert (reported["canary"], reported["fleet"]) == (ROLLOUT["check-rollout"], None)
    assert reported["failure"]["Error"] == "BadArtifact"


SPOT = {
    "name": "deeplens-trash-7-1",
    "status": "Failed",
    "seconds": 62,
    "billable_seconds": 20,
    "instance": "ml.m5.xlarge",
    "spot": True,
}
ON_DEMAND = {
    "name": "deeplens-trash-7-2",
    "status": "Completed",
    "seconds": 90,
    "billable_seconds": 30,
    "instance": "ml.m5.xlarge",
    "spot": False,
}
ON_SPOT = ON_DEMAND | {"name": SPOT["name"], "spot": True}


@pytest.mark.parametrize(
    ("answers", "jobs", "trained"),
    [
        ([RETRAINING["createTrainingJob.sync"]], [ON_SPOT], True),
        ([NO_SPOT, RETRAINING["createTrainingJob.sync"]], [SPOT, ON_DEMAND], True),
        ([OWN_FAULT], [SPOT], False),
        (
            [NO_SPOT, OWN_FAULT],
            [SPOT, SPOT | {"name": ON_DEMAND["name"], "spot": False}],
            False,
        ),
        ([Failure("SageMaker.ResourceInUseException", "it runs")], [], False),
        ([Failure("States.Timeout")], [], False),
    ],
    ids=["spot", "on demand after spot", "own fault", "both failed", "never made", "no cause"],
)
def test_every_job_that_was_made_is_reported(
    answers: list[Any],
    jobs: list[dict[str, Any]],
    trained: bool,
    retraining: dict[str, Any],
    interpreter: Interpreter,
) -> None:
    reported = reported_by(
        interpreter.run(retraining, RETRAINING | {"createTrainingJob.sync": answers})
    )
    model = RETRAINING["createTrainingJob.sync"]["ModelArtifacts"]["S3ModelArtifacts"]
    assert reported["training"]["jobs"][: len(jobs)] == jobs
    assert reported["training"]["model"] == (model if trained else None)
    assert (reported["failure"] is None) == trained


def test_a_verdict_does_without_the_suspicious_labels(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    reported = reported_by(
        interpreter.run(retraining, RETRAINING | {"report-suspicious-labels": BROKEN})
    )
    assert reported["doubts"]["failure"]["Error"] == "BadArtifact"
    assert (reported["outcome"], reported["failure"]) == ("released", None)


def test_the_cause_of_a_failure_is_kept_word_for_word(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(
        retraining, RETRAINING | {"judge": Failure("Sandbox.Timedout", "not JSON")}
    )
    assert (run.error, run.cause) == ("Sandbox.Timedout", "not JSON")
    assert reported_by(run)["failure"] == {"Error": "Sandbox.Timedout", "Cause": "not JSON"}


def test_a_release_that_cannot_be_registered_reaches_the_cameras_all_the_same(
    retraining: dict[str, Any], interpreter: Interpreter
) -> None:
    run = interpreter.run(retraining, RETRAINING | {"register-release": BROKEN})
    assert run.output["outcome"] == "released"
    [told] = run.of("tell")
    assert told["registered"]["failure"]["Error"] == BROKEN.error
    assert told["failure"] is None
