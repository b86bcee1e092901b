"""What the world answers:
for each end of both workflows a table of answers, and the states it must pass.
"""

import json
from dataclasses import dataclass
from typing import Any

from lambdas import choose_machine
from lensloop.machines.ladder import ladder
from lensloop.settings import Settings
from tests.workflows.interpreter import Failure

DATASET = {
    "epoch": 7,
    "digest": "d1",
    "standards": "t1.j1",
    "changed": True,
    "model": None,
    "imported": None,
    "approved": False,
    "blocked": False,
    "trainable": True,
    "misplaced": False,
    "reasons": [],
    "images": 360,
    "fetched": {"images": 9, "bytes": 18_000_000, "volume_gb": 30, "everything_gb": 40},
    "rejected": 0,
    "report": "datasets/d1/report.html",
    "live_epoch": 5,
    "live_gone": None,
}
MODEL = (
    "s3://deeplens-trash-111122223333-eu-central-1/training/deeplens-trash-7-1/output/model.tar.gz"
)
VERDICT = {
    "standards": "t1.j2",
    "ship": True,
    "hold": False,
    "slid": 0.01,
    "reasons": ["accuracy 0.97 on 72 test pictures"],
    "weak": [],
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
        "TrainingTimeInSeconds": 90,
        "BillableTimeInSeconds": 30,
        "ModelArtifacts": {"S3ModelArtifacts": MODEL},
    },
    "choose-machine": choose_machine.handler,
    "find-deleted": {"count": 0, "reasons": []},
    "report-suspicious-labels": {"count": 0, "sentences": []},
    "judge": VERDICT,
    "publish-release": {
        "waits": False,
        "instead_of": 0,
        "epoch": 7,
        "model_sha256": "ab",
        "labels": ["a", "b"],
        "accuracy": 0.97,
    },
    "register-release": {"package": "arn:aws:sagemaker:…:model-package/g/1", "problems": []},
    "startExecution": {"ExecutionArn": "arn", "StartDate": 1},
    "steer-rollout": {"did": False, "sentence": "Nothing is unfinished."},
    "tell": {},
}


def failed_job(reason: str) -> str:
    """The cause of a failure: the description of the job."""
    return json.dumps(
        {
            "FailureReason": reason,
            "TrainingJobStatus": "Failed",
            "SecondaryStatus": "Failed",
            "TrainingTimeInSeconds": 62,
            "BillableTimeInSeconds": 20,
        }
    )


BROKEN = Failure(
    "BadArtifact",
    json.dumps({"errorMessage": 'The "test.csv" is missing.', "errorType": "BadArtifact"}),
)
NO_SPOT = Failure("States.TaskFailed", failed_job("CapacityError: no spot capacity"))
OWN_FAULT = Failure("States.TaskFailed", failed_job("AlgorithmError: No picture of can."))
GONE = Failure("States.TaskFailed", failed_job("ClientError: Data download failed:NoSuchKey (404)"))
NO_QUOTA = Failure(
    "SageMaker.ResourceLimitExceededException",
    "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances, with",
)
IN_USE = Failure("SageMaker.ResourceInUseException", "a job of that name runs")


def stopped(why: str) -> dict[str, Any]:
    """The description of a job that is neither Completed nor Failed."""
    artifacts = {"ModelArtifacts": {"S3ModelArtifacts": MODEL}}
    return {
        "TrainingJobStatus": "Stopped",
        "SecondaryStatus": why,
        "SecondaryStatusTransitions": [],
        "TrainingTimeInSeconds": 62,
        "BillableTimeInSeconds": 20,
        **artifacts,
    }


SNAPSHOT = ["Take snapshot", "Inspect new images", "Assemble data set", "Anything new?"]
TO_TRAIN = [
    *(*SNAPSHOT, "Blocked?", "Enough to train?", "Trained already?"),
    *("Take the first machine", "Train"),
]
TO_CHOOSE = [*TO_TRAIN, "Choose machine"]
TO_FAULT = [*TO_CHOOSE, "Which fault?"]
TO_JUDGE = [*TO_TRAIN, "Report suspicious labels", "Judge", "Better?"]
TO_FAILURE = [*TO_FAULT, "Find deleted pictures", "Any deleted?"]
TO_IMPORT = [*TO_TRAIN[: TO_TRAIN.index("Take the first machine")], "Take the imported model"]
TO_JUDGE_AGAIN = [*TO_TRAIN[:-2], "Take the trained model", *TO_JUDGE[len(TO_TRAIN) :]]
TO_RELEASE = [*TO_JUDGE, "Publish release", "Register release", "Approved?", "Start rollout"]


@dataclass(frozen=True)
class Scene:
    end: str
    steps: list[str]  # between the beginning and the report of the end
    answers: dict[str, Any]
    outcome: str
    reasons: tuple[str, ...] = ()  # of a good end
    error: str = ""  # of a bad one

    @property
    def id(self) -> str:
        return f"{self.end}, after {self.steps[-1]}"

    @property
    def path(self) -> list[str]:
        return ["Begin", *self.steps, f"Tell: {self.end.lower()}", self.end]


GOOD = ("accuracy 0.97 on 72 test pictures",)
LADDER_LEFT = len(ladder(Settings())) - 1
NO_MACHINE = (
    "AWS has none at the moment: ml.m5.xlarge on spot capacity and on demand, ml.m6i.xlarge on spot"
    " capacity and on demand, ml.c5.2xlarge on spot capacity and on demand.",
    "Nobody needs to act: it passes, and the next try comes by itself. If it lasts, name more types"
    " in `training_instance_type` in cdk.json and deploy.",
)
DELETED: dict[str, Any] = {"count": 1, "reasons": ["1 picture was deleted"]}
UNUSABLE = ["can has 1 picture", "tin has 2 pictures"]
IMPORTED = {"digest": "1a2b", "uri": "s3://deeplens-trash-111122223333-eu-central-1/imports/1a2b/"}
RETRAINING_SCENES = [
    Scene(
        "Release published",
        [*TO_IMPORT, *TO_RELEASE[TO_RELEASE.index("Take the first machine") :]],
        {"assemble-dataset": DATASET | {"imported": IMPORTED}},
        "released",
        GOOD,
    ),
    Scene("Release published", TO_RELEASE, {}, "released", GOOD),
    Scene(
        "Release published",
        TO_RELEASE,
        {"startExecution": Failure("StepFunctions.ExecutionAlreadyExistsException")},
        "released",
        GOOD,
    ),
    Scene("Release published", TO_RELEASE, {"report-suspicious-labels": BROKEN}, "released", GOOD),
    Scene(
        "Release published",
        [*TO_FAULT, *TO_RELEASE[len(TO_TRAIN) - 1 :]],
        {"createTrainingJob.sync": [NO_SPOT, RETRAINING["createTrainingJob.sync"]]},
        "released",
        GOOD,
    ),
    Scene(
        "Waits for approval",
        TO_RELEASE[:-1],
        {"publish-release": RETRAINING["publish-release"] | {"waits": True}},
        "waits-for-approval",
        GOOD,
    ),
    *(
        Scene(
            "Nothing new",
            [*SNAPSHOT, "Roll out what is unproved"],
            {"assemble-dataset": DATASET | {"changed": False, "reasons": ["the same as before"]}}
            | how_it_goes,
            "nothing-new",
            ("the same as before",),
        )
        for how_it_goes in ({}, {"steer-rollout": BROKEN})
    ),
    Scene(
        "Blocked",
        [*SNAPSHOT, "Blocked?"],
        {"assemble-dataset": DATASET | {"blocked": True, "reasons": ["it kept failing"]}},
        "blocked",
        ("it kept failing",),
    ),
    Scene(
        "Too few images",
        [*SNAPSHOT, "Blocked?", "Enough to train?"],
        {"assemble-dataset": DATASET | {"trainable": False, "reasons": UNUSABLE}},
        "too-few-images",
        tuple(UNUSABLE),
    ),
    Scene(
        "Wrong folders",
        [*SNAPSHOT, "Blocked?", "Enough to train?"],
        {
            "assemble-dataset": DATASET
            | {"trainable": False, "misplaced": True, "reasons": ["Folders."]}
        },
        "wrong-folders",
        ("Folders.",),
    ),
    Scene(
        "Model refused",
        TO_JUDGE,
        {"judge": VERDICT | {"ship": False, "reasons": ["recall of can is below its floor"]}},
        "refused",
        ("recall of can is below its floor",),
    ),
    Scene(
        "No machine free",
        [*TO_FAULT, *LADDER_LEFT * ["Train", "Choose machine", "Which fault?"]],
        {"createTrainingJob.sync": NO_SPOT},
        "no-machine",
        NO_MACHINE,
    ),
    Scene(
        "Retraining failed",
        [*TO_FAULT, *LADDER_LEFT * ["Train", "Choose machine", "Which fault?"]],
        {"createTrainingJob.sync": NO_QUOTA},
        "failed",
        error="ResourceLimitExceeded",
    ),
    Scene(
        "Retraining failed",
        TO_CHOOSE,
        {"createTrainingJob.sync": NO_SPOT, "choose-machine": BROKEN},
        "failed",
        error="States.TaskFailed",
    ),
    Scene(
        "Pictures deleted",
        TO_FAILURE,
        {"createTrainingJob.sync": GONE, "find-deleted": DELETED},
        "pictures-deleted",
        tuple(DELETED["reasons"]),
    ),
    Scene(
        "Release published",
        [*TO_JUDGE_AGAIN, "Publish release", "Register release", "Approved?", "Start rollout"],
        {"assemble-dataset": DATASET | {"model": MODEL}},
        "released",
        GOOD,
    ),
    Scene(
        "Held for a person",
        TO_JUDGE,
        {"judge": VERDICT | {"ship": False, "hold": True, "reasons": ["nothing known is left"]}},
        "held",
        ("nothing known is left",),
    ),
    Scene(
        "Retraining failed",
        TO_FAILURE,
        {"createTrainingJob.sync": GONE},
        "failed",
        error="States.TaskFailed",
    ),
    Scene(
        "Retraining failed",
        TO_FAILURE[:-1],
        {"createTrainingJob.sync": GONE, "find-deleted": BROKEN},
        "failed",
        error="States.TaskFailed",
    ),
    Scene(
        "Retraining failed",
        TO_FAILURE,
        {"createTrainingJob.sync": OWN_FAULT},
        "failed",
        error="States.TaskFailed",
    ),
    Scene(
        "Retraining failed",
        TO_FAULT,
        {"createTrainingJob.sync": IN_USE},
        "failed",
        error=IN_USE.error,
    ),
    Scene(
        "Retraining failed",
        [*TO_FAULT, *TO_FAILURE[len(TO_TRAIN) - 1 :]],
        {"createTrainingJob.sync": [NO_SPOT, OWN_FAULT]},
        "failed",
        error="States.TaskFailed",
    ),
    *(
        Scene("Retraining failed", path, {step: BROKEN}, "failed", error="BadArtifact")
        for step, path in {
            "take-snapshot": SNAPSHOT[:1],
            "inspect-images": SNAPSHOT[:2],
            "assemble-dataset": SNAPSHOT[:3],
            "judge": TO_JUDGE[:-1],
            "publish-release": TO_RELEASE[:-3],
        }.items()
    ),
    Scene(
        "Rollout not started",
        TO_RELEASE,
        {"startExecution": Failure("StepFunctions.StateMachineDoesNotExistException", "gone")},
        "not-rolled-out",
        error="StepFunctions.StateMachineDoesNotExistException",
    ),
]


def wave(
    state: str, cameras: int = 1, reasons: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    return {
        "job": "deeplens-trash-r7-canary",
        "share": 1,
        "is_share": False,
        "proved_at": 0,
        "cameras": cameras,
        "stopped": state in ("superseded", "paused", "held"),
        "started_at": 1000,
        "wait_seconds": 30,
        "state": state,
        "reasons": [*reasons],
        "proven": cameras if state == "proven" else 0,
    } | more


WAITING, PROVEN, SUPERSEDED, NOBODY = (
    wave("waiting"),
    wave("proven"),
    wave("superseded", reasons=("release 8 is live now",)),
    wave("waiting", cameras=0),
)
GOES_ON = wave("goes-on", share=2, is_share=True)
HELD = wave("held", reasons=("a wave begins between 22:00-04:00 (UTC) only",))
PAUSED, SKIPPED = wave("paused", reasons=("a person has paused rollouts",)), wave("skipped")
UNANSWERED = wave("unanswered", reasons=("no answer (offline?) from deeplens_1",))
FAILED = wave(
    "failed", reasons=("deeplens_1: sha256 differs", "0 of 1 camera proved the release, 1 must")
)
ROLLOUT: dict[str, Any] = {
    "deploy-release": WAITING,
    "check-rollout": PROVEN,
    "roll-back": {"reasons": ["The canary cameras are ordered back to release 5."]},
    "tell": {},
}
CANARY = ["Deploy to canary", "Any canary?", "Wait for canary", "Check canary", "Canary proven?"]
FLEET = ["Deploy to fleet", "Any camera?", "Wait for fleet", "Check fleet", "Fleet proven?"]

ROLLOUT_SCENES = [
    Scene(
        "Rolled out",
        [*CANARY, *CANARY[2:], *FLEET],
        {"check-rollout": [WAITING, PROVEN, wave("proven", 2, ("deeplens_3 is offline",))]},
        "rolled-out",
        ("deeplens_3 is offline",),
    ),
    Scene(
        "Rolled out",
        [*CANARY[:2], *FLEET, *FLEET[2:]],
        {"deploy-release": [NOBODY, WAITING], "check-rollout": [WAITING, PROVEN]},
        "rolled-out",
    ),
    Scene("Rolled out", [*CANARY, *FLEET[:2]], {"deploy-release": [WAITING, NOBODY]}, "rolled-out"),
    Scene("No cameras", [*CANARY[:2], *FLEET[:2]], {"deploy-release": NOBODY}, "no-cameras"),
    *(
        Scene("Superseded", path, answers, "superseded", tuple(SUPERSEDED["reasons"]))
        for path, answers in (
            (CANARY[:2], {"deploy-release": SUPERSEDED}),
            (CANARY, {"check-rollout": SUPERSEDED}),
            ([*CANARY, *FLEET[:2]], {"deploy-release": [WAITING, SUPERSEDED]}),
            ([*CANARY, *FLEET], {"check-rollout": [PROVEN, SUPERSEDED]}),
        )
    ),
    *(
        Scene("Paused", path, answers, "paused", tuple(PAUSED["reasons"]))
        for path, answers in (
            (CANARY[:2], {"deploy-release": PAUSED}),
            (CANARY, {"check-rollout": PAUSED}),
            ([*CANARY, *FLEET[:2]], {"deploy-release": [WAITING, PAUSED]}),
            ([*CANARY, *FLEET], {"check-rollout": [PROVEN, PAUSED]}),
        )
    ),
    Scene(
        "Rolled out",
        [*CANARY[:2], "Hold canary", *CANARY, *FLEET[:2], "Hold fleet", *FLEET],
        {"deploy-release": [HELD, WAITING, HELD, WAITING]},
        "rolled-out",
    ),
    Scene("Rolled out", [*CANARY, *FLEET], {"check-rollout": [SKIPPED, PROVEN]}, "rolled-out"),
    Scene(
        "Rolled out",
        [*CANARY, *FLEET, *FLEET[:2], "Hold fleet", *FLEET],
        {
            "check-rollout": [PROVEN, GOES_ON, PROVEN],
            "deploy-release": [WAITING, WAITING, HELD, WAITING],
        },
        "rolled-out",
    ),
    *(
        Scene("No answer", path, answers, "unanswered", tuple(UNANSWERED["reasons"]))
        for path, answers in (
            (CANARY, {"check-rollout": UNANSWERED}),
            ([*CANARY, *FLEET], {"check-rollout": [PROVEN, UNANSWERED]}),
        )
    ),
    *(
        Scene(
            "Canary failed",
            [*CANARY, "Take canary back"],
            {"check-rollout": FAILED} | how_it_goes,
            "canary-failed",
            error="CanaryFailed",
        )
        for how_it_goes in ({}, {"roll-back": BROKEN})
    ),
    Scene(
        "Fleet failed",
        [*CANARY, *FLEET, *FLEET, "Take fleet back"],
        {"check-rollout": [PROVEN, GOES_ON, FAILED], "roll-back": {"reasons": []}},
        "fleet-failed",
        error="FleetFailed",
    ),
    Scene(
        "Fleet failed",
        [*CANARY, *FLEET, "Take fleet back"],
        {"check-rollout": [PROVEN, FAILED], "roll-back": {"reasons": []}},
        "fleet-failed",
        error="FleetFailed",
    ),
    *(
        Scene("Rollout failed", path, answers, "failed", error="BadArtifact")
        for path, answers in (
            (CANARY[:1], {"deploy-release": BROKEN}),
            (CANARY[:4], {"check-rollout": BROKEN}),
            ([*CANARY, *FLEET[:1]], {"deploy-release": [WAITING, BROKEN]}),
            ([*CANARY, *FLEET[:4]], {"check-rollout": [PROVEN, BROKEN]}),
        )
    ),
]
