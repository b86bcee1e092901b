"""What are people told of a release on the cameras?"""

from collections.abc import Callable, Mapping

from lensloop.news.message import Message, Sender, bulleted, compose, where
from lensloop.reasons import counted
from lensloop.record import Record, Rollout


def of_rollout(record: Record, sender: Sender) -> Message | None:
    """What became of a release on the cameras; nothing when a newer one took its place."""
    rollout = record["rollout"]
    if rollout is None:
        return None
    write = _ROLLOUT_ENDS.get(rollout["outcome"])
    return write(record, rollout, sender) if write else None


def _rolled_out(record: Record, rollout: Rollout, sender: Sender) -> Message:
    cameras = counted(rollout["proven"], "camera", "cameras")
    return compose(
        sender,
        f"release {record['epoch']} is proven on {cameras}",
        [
            f"{cameras} proved release {record['epoch']} and"
            f" {'uses' if rollout['proven'] == 1 else 'use'} it.",
            bulleted("", rollout["reasons"]),
            *where(record, sender, rollout["execution"]),
        ],
    )


def _no_cameras(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return compose(
        sender,
        f"release {record['epoch']} waits for its first camera",
        [
            f"No camera is registered yet. The first one that is gets release {record['epoch']}.",
            "Register one with:\n  lensloop camera add deeplens_<id> --home <folder>",
            *where(record, sender, rollout["execution"]),
        ],
    )


def _not_proven(
    record: Record, rollout: Rollout, sender: Sender, wave: str, consequence: str
) -> Message:
    return compose(
        sender,
        f"release {record['epoch']} failed on the {wave}",
        [
            f"Too few cameras of the {wave} proved release {record['epoch']}. {consequence}",
            bulleted("What the cameras answered:", rollout["reasons"]),
            "What you can do: `lensloop fleet` shows what each camera runs, `lensloop retry` rolls"
            " the release out again. The next release is rolled out as usual.",
            *where(record, sender, rollout["execution"]),
        ],
    )


def _unanswered(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return compose(
        sender,
        f"release {record['epoch']} waits for cameras that are offline",
        [
            f"No camera has answered in time whether it can use release {record['epoch']}. Nothing"
            " is decided: their order stays, and whoever returns takes the release. While it is not"
            " live it is also tried again with the daily look, or now with `lensloop retry`;"
            " `lensloop go-on` then does without canaries that are offline.",
            bulleted("", rollout["reasons"]),
            *where(record, sender, rollout["execution"]),
        ],
    )


def _rollout_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    return compose(
        sender,
        f"the rollout of release {record['epoch']} failed",
        [
            f"The rollout of release {record['epoch']} broke. Cameras that were reached use it, the"
            " others keep theirs. If it is live, each camera that lacks it is ordered it by itself;"
            " if not, it is tried again with the daily look, or now with `lensloop retry`.",
            bulleted("What broke:", rollout["reasons"]),
            *where(record, sender, rollout["execution"]),
        ],
    )


def _canary_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    untouched = (
        "The fleet was not touched, the order to the canaries is withdrawn, and the release does"
        " not become live. Canaries that took it go back to the live release."
    )
    return _not_proven(record, rollout, sender, "canary", untouched)


def _fleet_failed(record: Record, rollout: Rollout, sender: Sender) -> Message:
    kept = (
        "Those that could not went back to their last good release by themselves. No further camera"
        " is ordered it, and those that proved it are ordered back to the good release before:"
        " the last line below names that, where there is one."
    )
    return _not_proven(record, rollout, sender, "fleet", kept)


_ROLLOUT_ENDS: Mapping[str, Callable[[Record, Rollout, Sender], Message]] = {
    "rolled-out": _rolled_out,
    "no-cameras": _no_cameras,
    "unanswered": _unanswered,
    "canary-failed": _canary_failed,
    "fleet-failed": _fleet_failed,
    "failed": _rollout_failed,
}
