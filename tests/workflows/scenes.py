"""What the world answers: for each end of both workflows a table of answers, and the states it must
pass.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.workflows.interpreter import Failure

DATASET = {
    "epoch": 7,
    "digest": "d1",
    "changed": True,
    "blocked": False,
    "trainable": True,
    "reasons": [],
    "images": 360,
    "rejected": 0,
    "report": "datasets/d1/report.html",
    "live_epoch": 5,
}
MODEL = (
    "s3://deeplens-trash-111122223333-eu-central-1/training/deeplens-trash-7-1/output/model.tar.gz"
)
VERDICT = {
    "ship": True,
    "reasons": ["accuracy 0.97 on 72 test pictures"],
    "accuracy": 0.97,
    "live_accuracy": None,
}
RETRAINING: dict[str, Any] = {
    "take-snapshot": {
        "epoch": 7,
        "chunks": ["datasets/inspections/7/0000.json", "datasets/inspections/7/0001.json"],
    },
    "inspect-images": {"accepted": 180, "rejected": 0},
    "assemble-dataset": DATASET,
    "createTrainingJob.sync": {
        "TrainingJobStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": MODEL},
    },
    "report-suspicious-labels": {"count": 0, "sentences": []},
    "judge": VERDICT,
    "publish-release": {
        "release": {"epoch": 7, "model_sha256": "ab", "labels": ["a", "b"], "accuracy": 0.97}
    },
    "startExecution": {"ExecutionArn": "arn", "StartDate": 1},
    "sns:publish": {"MessageId": "1"},
}
LAMBDA_FAILURE = Failure(
    "BadArtifact",
    json.dumps({"errorMessage": 'The "test.csv" is missing.', "errorType": "BadArtifact"}),
)
NO_SPOT = Failure(
    "States.TaskFailed", json.dumps({"FailureReason": "CapacityError: no spot capacity"})
)
OWN_FAULT = Failure(
    "States.TaskFailed", json.dumps({"FailureReason": "AlgorithmError: No picture of can."})
)


def stopped(why: str) -> dict[str, Any]:
    """The description of a job that is neither Completed nor Failed."""
    artifacts = {"ModelArtifacts": {"S3ModelArtifacts": MODEL}}
    return {
        "TrainingJobStatus": "Stopped",
        "SecondaryStatus": why,
        "SecondaryStatusTransitions": [],
        **artifacts,
    }


SNAPSHOT = ["Take snapshot", "Inspect new images", "Assemble data set", "Anything new?"]
TO_TRAIN = [*SNAPSHOT, "Blocked?", "Enough to train?", "Train"]
TO_JUDGE = [*TO_TRAIN, "Report suspicious labels", "Judge", "Better?"]
TO_RELEASE = [*TO_JUDGE, "Publish release", "Start rollout"]


@dataclass(frozen=True)
class Scene:
    end: str
    path: list[str]  # without the end
    answers: dict[str, Any]
    outcome: str = ""  # of a good end
    reasons: tuple[str, ...] = ()
    error: str = ""  # of a bad one
    news: str = ""  # words of the message that people get

    @property
    def id(self) -> str:
        return f"{self.end}, after {self.path[-1]}"


RETRAINING_SCENES = [
    Scene(
        "Release published",
        [*TO_RELEASE, "Tell: release published"],
        {},
        outcome="released",
        reasons=("accuracy 0.97 on 72 test pictures",),
        news=(
            "Release 7 is published and on its way to the cameras: accuracy 0.97 on 72 test"
            " pictures.\nThe data set"
        ),
    ),
    Scene(
        "Release published",
        [*TO_RELEASE, "Tell: release published"],
        {"startExecution": Failure("StepFunctions.ExecutionAlreadyExistsException")},
        outcome="released",
        reasons=("accuracy 0.97 on 72 test pictures",),
    ),
    Scene(
        "Nothing new",
        [*SNAPSHOT, "Sum up: nothing new"],
        {"assemble-dataset": DATASET | {"changed": False}},
        outcome="nothing-new",
        reasons=("The usable pictures are exactly those that were judged last.",),
    ),
    Scene(
        "Blocked",
        [*SNAPSHOT, "Blocked?", "Tell: blocked"],
        {"assemble-dataset": DATASET | {"blocked": True}},
        outcome="blocked",
        reasons=(
            "Training on exactly these pictures kept failing; it is tried again when they change.",
        ),
        news="kept failing, so run 7 did not try again",
    ),
    Scene(
        "Too few images",
        [*SNAPSHOT, "Blocked?", "Enough to train?", "Tell: too few images"],
        {
            "assemble-dataset": (
                DATASET
                | {
                    "trainable": False,
                    "reasons": ["can has 1 picture", "tin has 2 pictures"],
                }
            )
        },
        outcome="too-few-images",
        reasons=("can has 1 picture", "tin has 2 pictures"),
        news=(
            "too few usable pictures to train:\n– can has 1 picture\n– tin has 2 pictures\nThe next"
            " run starts"
        ),
    ),
    Scene(
        "Model refused",
        [*TO_JUDGE, "Tell: model refused"],
        {
            "report-suspicious-labels": {
                "count": 1,
                "sentences": ["These labels may be wrong: images/can/a.jpg …"],
            },
            "judge": (
                VERDICT | {"ship": False, "reasons": ["recall of can 0.41 is below its floor 0.50"]}
            ),
        },
        outcome="refused",
        reasons=("recall of can 0.41 is below its floor 0.50",),
        news=(
            "The model of run 7 was refused and the cameras keep theirs: recall of can 0.41 is"
            " below its floor 0.50.\nThese labels may be wrong: images/can/a.jpg …\nThe data set:"
            " s3://"
        ),
    ),
    Scene(
        "Release published",
        [
            *TO_TRAIN,
            "Spot to blame?",
            "Train on demand",
            *TO_RELEASE[len(TO_TRAIN) :],
            "Tell: release published",
        ],
        {"createTrainingJob.sync": [NO_SPOT, RETRAINING["createTrainingJob.sync"]]},
        outcome="released",
        reasons=("accuracy 0.97 on 72 test pictures",),
    ),
    Scene(
        "Retraining failed",
        [*TO_TRAIN, "Spot to blame?", "Notify failure"],
        {"createTrainingJob.sync": OWN_FAULT},
        error="States.TaskFailed",
        news="Retraining run 7 failed (States.TaskFailed): AlgorithmError: No picture of can.",
    ),
    Scene(
        "Retraining failed",
        [*TO_TRAIN, "Spot to blame?", "Notify failure"],
        {
            "createTrainingJob.sync": Failure(
                "SageMaker.ResourceInUseException", "a job of that name runs"
            )
        },
        error="SageMaker.ResourceInUseException",
        news="a job of that name runs",
    ),
    Scene(
        "Retraining failed",
        [*TO_TRAIN, "Spot to blame?", "Train on demand", "Notify failure"],
        {"createTrainingJob.sync": [NO_SPOT, OWN_FAULT]},
        error="States.TaskFailed",
        news="No picture of can.",
    ),
    *(
        Scene(
            "Retraining failed",
            [*path, "Notify failure"],
            {step: LAMBDA_FAILURE},
            error="BadArtifact",
            news='Retraining run 7 failed (BadArtifact): The "test.csv" is missing.',
        )
        for step, path in {
            "take-snapshot": SNAPSHOT[:1],
            "inspect-images": SNAPSHOT[:2],
            "assemble-dataset": SNAPSHOT[:3],
            "judge": TO_JUDGE[:-1],
            "publish-release": TO_RELEASE[:-1],
        }.items()
    ),
    Scene(
        "Release published",
        [*TO_RELEASE, "Tell: release published"],
        {"report-suspicious-labels": LAMBDA_FAILURE},
        outcome="released",
        reasons=("accuracy 0.97 on 72 test pictures",),
        news=(
            'pictures.\nWhich labels may be wrong could not be reported: The "test.csv" is'
            " missing.\nThe data set"
        ),
    ),
    Scene(
        "Retraining failed",
        [*TO_RELEASE, "Tell: rollout not started"],
        {
            "startExecution": Failure(
                "StepFunctions.StateMachineDoesNotExistException", "It is gone."
            )
        },
        error="StepFunctions.StateMachineDoesNotExistException",
        news=(
            "Release 7 is live, but its rollout could not be started: It is gone.\nStart it"
            " with:\naws stepfunctions start-execution --state-machine-arn"
            " arn:aws:states:eu-central-1:111122223333:stateMachine:Rollout"
        ),
    ),
]


def wave(
    state: str, cameras: int = 1, reasons: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "job": "deeplens-trash-r7-canary",
        "cameras": cameras,
        "superseded": state == "superseded",
        "started_at": 1000,
        "wait_seconds": 30,
        "state": state,
        "reasons": list(reasons),
        "proven": cameras if state == "proven" else 0,
    } | more


WAITING, PROVEN, SUPERSEDED, NOBODY = (
    wave("waiting"),
    wave("proven"),
    wave("superseded"),
    wave("waiting", cameras=0),
)
FAILED = wave(
    "failed", reasons=("deeplens_1: sha256 differs", "0 of 1 cameras proved the release, 1 must")
)
ROLLOUT: dict[str, Any] = {
    "deploy-release": WAITING,
    "check-rollout": PROVEN,
    "sns:publish": {"MessageId": "1"},
}
CANARY = ["Deploy to canary", "Any canary?", "Wait for canary", "Check canary", "Canary proven?"]
FLEET = ["Deploy to fleet", "Any camera?", "Wait for fleet", "Check fleet", "Fleet proven?"]

ROLLOUT_SCENES = [
    Scene(
        "Rolled out",
        [*CANARY, *CANARY[2:], *FLEET, "Tell: rolled out"],
        {
            "check-rollout": [
                WAITING,
                PROVEN,
                wave("proven", 2, ("no answer (offline?) from deeplens_3",)),
            ]
        },
        outcome="rolled-out",
        reasons=("no answer (offline?) from deeplens_3",),
        news="Release 7 is proven on 3 cameras. no answer (offline?) from deeplens_3",
    ),
    Scene(
        "Rolled out",
        [*CANARY[:2], *FLEET, *FLEET[2:], "Tell: rolled out"],
        {"deploy-release": [NOBODY, WAITING], "check-rollout": [WAITING, PROVEN]},
        outcome="rolled-out",
        news="Release 7 is proven on 1 camera.",
    ),
    Scene(
        "Rolled out",
        [*CANARY, *FLEET[:2], "Tell: rolled out"],
        {"deploy-release": [WAITING, NOBODY]},
        outcome="rolled-out",
    ),
    Scene(
        "No cameras",
        [*CANARY[:2], *FLEET[:2], "Tell: no cameras"],
        {"deploy-release": NOBODY},
        outcome="no-cameras",
        reasons=("No camera is registered; the first one that is gets this release.",),
        news="Register one with",
    ),
    *(
        Scene(
            "Superseded",
            [*path, "Sum up: superseded"],
            answers,
            outcome="superseded",
            reasons=("A newer release is live and is rolled out instead.",),
        )
        for path, answers in (
            (CANARY[:2], {"deploy-release": SUPERSEDED}),
            (CANARY, {"check-rollout": SUPERSEDED}),
            ([*CANARY, *FLEET[:2]], {"deploy-release": [WAITING, SUPERSEDED]}),
            ([*CANARY, *FLEET], {"check-rollout": [PROVEN, SUPERSEDED]}),
        )
    ),
    Scene(
        "Canary failed",
        [*CANARY, "Tell: canary failed"],
        {"check-rollout": FAILED},
        error="CanaryFailed",
        news=(
            "Release 7 failed on the canary: deeplens_1: sha256 differs; 0 of 1 cameras proved the"
            " release, 1 must."
        ),
    ),
    Scene(
        "Fleet failed",
        [*CANARY, *FLEET, "Tell: fleet failed"],
        {"check-rollout": [PROVEN, FAILED]},
        error="FleetFailed",
        news="Release 7 failed on the fleet: deeplens_1: sha256 differs",
    ),
    *(
        Scene(
            "Rollout failed",
            [*path, "Notify failure"],
            answers,
            error="BadArtifact",
            news='The rollout of release 7 failed (BadArtifact): The "test.csv" is missing.',
        )
        for path, answers in (
            (CANARY[:1], {"deploy-release": LAMBDA_FAILURE}),
            (CANARY[:4], {"check-rollout": LAMBDA_FAILURE}),
            ([*CANARY, *FLEET[:1]], {"deploy-release": [WAITING, LAMBDA_FAILURE]}),
            ([*CANARY, *FLEET[:4]], {"check-rollout": [PROVEN, LAMBDA_FAILURE]}),
        )
    ),
]
