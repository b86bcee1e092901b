"""May the model that was just trained replace the live one? Reads its evaluation, asks the gate,
answers with reasons, and notes which model that was.

What publishing needs is looked at as well: a verdict that passes can be published.
"""

import os
from typing import Any

from lambdas.aws import clients
from lambdas.aws.artifact import fetch
from lambdas.aws.state import state_table
from lensloop.archive import parsed, read_files
from lensloop.model import proof, release
from lensloop.model.evaluation import Evaluation, read_evaluation
from lensloop.model.floors import Floors
from lensloop.model.gate import judge
from lensloop.model.hold import slid_after
from lensloop.model.imported import ALGORITHM, TRAINED_ELSEWHERE
from lensloop.model.standards import IMPORTED, Standards, Trained
from lensloop.reasons import shortened
from lensloop.settings import Settings
from lensloop.wire.errors import BadArtifact


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    archive, trained_at = fetch(clients.s3(), os.environ["BUCKET"], event["model"])
    files = read_files(archive, release.belongs)
    evaluation = evaluation_in(files, event["digest"])
    settings = Settings.from_json(os.environ["SETTINGS"])
    told = parsed(files, "evaluation.json")
    obstacle = release.obstacle(settings.project, int(event["epoch"]), files, told, trained_at)
    standards = Standards.from_settings(settings)
    slid = _slid(evaluation)
    verdict = judge(
        evaluation,
        Floors.from_settings(settings),
        obstacle,
        slid=slid,
        approved=bool(event.get("approved")),
    )
    imported = told.get("algorithm") == ALGORITHM
    trained = Trained(
        epoch=int(event["epoch"]),
        digest=event["digest"],
        training=IMPORTED if imported else standards.training,
        live_epoch=evaluation.live.epoch if evaluation.live else 0,
        model=event["model"],
        tried=proof.was_run(told),
    )
    state_table().note_trained(trained)
    live = evaluation.live.scores if evaluation.live else None
    return {
        "standards": str(standards),
        "ship": verdict.ship,
        "hold": verdict.hold,
        "slid": 0.0 if event.get("approved") else round(slid_after(evaluation, slid), 4),
        "reasons": list(
            shortened((*_told(told, imported, event.get("live_gone")), *verdict.reasons))
        ),
        "weak": list(shortened(verdict.weak)),
        "accuracy": evaluation.candidate.all.accuracy,
        "known_accuracy": evaluation.candidate.known.accuracy
        if evaluation.candidate.known
        else None,
        "live_accuracy": live.known.accuracy if live and live.known else None,
        "calibration_error": evaluation.candidate.all.calibration_error,
        "test_images": evaluation.candidate.all.images,
    }


def _told(evaluation: Any, imported: bool, live_gone: int | None) -> list[str]:
    """What a person should know of this model, whatever the verdict is."""
    unreadable = evaluation.get("live_unreadable")
    if live_gone:
        unreadable = f"The files of release {live_gone}, which is live, are gone."
    return [
        *([TRAINED_ELSEWHERE] if imported else []),
        *([f"it was compared with no live model: {unreadable}"] if unreadable else []),
    ]


def _slid(evaluation: Evaluation) -> float:
    """How far the live release that this model was compared with is below the best before it."""
    live = state_table().live()
    if live is None or evaluation.live is None or live.epoch != evaluation.live.epoch:
        return 0.0
    return live.slid


def evaluation_in(files: dict[str, bytes], digest: str) -> Evaluation:
    """The evaluation, which must be of the data set that this run assembled."""
    evaluation = read_evaluation(parsed(files, "evaluation.json"))
    if evaluation.dataset != digest:
        raise BadArtifact(
            f"The model was trained on data set {evaluation.dataset}, not on {digest}."
        )
    return evaluation
