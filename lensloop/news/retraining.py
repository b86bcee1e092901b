"""What are people told at the end of a retraining?"""

from collections.abc import Callable, Mapping, Sequence

from lensloop.failure import sentence
from lensloop.news.message import Message, Sender, bulleted, compose, where
from lensloop.reasons import counted, listed, shortened
from lensloop.record import WAITS_FOR_APPROVAL, Record
from lensloop.wire import names

# Reasons that assemble_dataset answers for the ends of runs that train nothing.
NOTHING_NEW = "The usable pictures are exactly those that were judged last."
BLOCKED = "Training on exactly these pictures kept failing; it is tried again when they change."
NO_GOLDEN_SET = (
    "`golden_set_accuracy` asks for a golden set, and there is nothing under"
    f" {names.GOLDEN_PREFIX}: put pictures into {names.GOLDEN_PREFIX}<label>/, or set it to 0."
)


def pictures_deleted(keys: Sequence[str]) -> str:
    """Why a run trained nothing, in a sentence."""
    pictures = counted(len(keys), "picture was", "pictures were")
    return f"{pictures} deleted or replaced while this run trained: {listed(keys, 5)}"


def of_retraining(record: Record, sender: Sender) -> Message | None:
    """What the end of a retraining is worth saying; nothing when nothing was new."""
    write = _ENDS.get(record["outcome"])  # the tick tells a failure: it knows the others
    message = write(record, sender) if write else None
    return _after_what_is_lost(message, record) if message else None


def _after_what_is_lost(message: Message, record: Record) -> Message:
    """Before all else: a good release without a label is bad news for whoever misses it."""
    first = [*_part_of_data(record, "lost"), *_part_of_data(record, "beside")]
    unsaid = [sentence for sentence in first if sentence not in record["reasons"]]
    lines = bulleted("Look at this first:", unsaid)
    return message._replace(body=f"{lines}\n\n{message.body}") if lines else message


def _part_of_data(record: Record, name: str) -> list[str]:
    return list((record["dataset"] or {}).get(name) or ())


def _released(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        f"release {record['epoch']} is on its way to the cameras",
        [
            f"The model of run {record['epoch']} is good enough: it is release"
            f" {record['epoch']}, and its rollout has started.",
            bulleted("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            *where(record, sender),
        ],
    )


def _waits(record: Record, sender: Sender) -> Message:
    epoch, registered = record["epoch"], record["registered"] or {}
    package, instead_of = registered.get("package"), (record["release"] or {}).get("instead_of")
    in_registry = f"\nor set the status of its version in the registry:\n  {package}"
    replaced = f"It takes the place of release {instead_of}, which was still waiting."
    return compose(
        sender,
        f"release {epoch} waits for your approval",
        [
            f"The model of run {epoch} is good enough, and is published as release {epoch}. It goes"
            " to no camera until a person approves it.",
            replaced if instead_of else "",
            bulleted("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            f"Look at the run's page, then:\n  lensloop approve {epoch}\n  lensloop reject {epoch}"
            + (in_registry if package else ""),
            *where(record, sender),
        ],
    )


def _refused(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        f"the model of run {record['epoch']} was refused",
        [
            f"The model of run {record['epoch']} is not good enough, and the cameras keep theirs.",
            bulleted("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            "What you can do: look at the run's page. Move pictures that lie in the wrong folder,"
            " and add pictures of labels that are found too seldom. The next run starts by itself"
            " when pictures have changed.",
            *where(record, sender),
        ],
    )


def _held(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        f"the model of run {record['epoch']} is held for a person",
        [
            f"The model of run {record['epoch']} reaches every floor, but whether it is better than"
            " the live one no rule can say. The cameras keep theirs.",
            bulleted("Why:", record["reasons"]),
            *_trained_before(record),
            *_doubts(record),
            "What you can do: if pictures were deleted or labels changed by mistake, bring them"
            " back; the next run starts by itself. If it is as you want it, release the model"
            " with:\n  lensloop approve",
            *where(record, sender),
        ],
    )


def _nothing_new(record: Record, sender: Sender) -> Message | None:
    """Worth a message only for what lies where no run will ever look."""
    if not _part_of_data(record, "beside"):
        return None
    return compose(
        sender,
        "there are files beside images/",
        [
            f"Run {record['epoch']} found no new pictures under images/.",
            *where(record, sender),
        ],
    )


def _too_few(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        "too few pictures to train",
        [
            f"Run {record['epoch']} trained nothing: there are too few usable pictures.",
            bulleted("What is missing:", record["reasons"]),
            "The next run starts by itself when pictures have changed. The run's page lists every"
            " picture that was left out, and why.",
            *where(record, sender),
        ],
    )


def _wrong_folders(record: Record, sender: Sender) -> Message:
    moves = _part_of_data(record, "moves")
    return compose(
        sender,
        "the folders under images/ do not look like labels",
        [
            f"Run {record['epoch']} trained nothing: the folders under images/ do not look like"
            " labels.",
            bulleted("Why, and what you can do:", record["reasons"]),
            "\n  ".join(["What moves them:", *shortened(moves)]) if moves else "",
            *where(record, sender),
        ],
    )


def _blocked(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        "retraining is blocked",
        [
            f"Run {record['epoch']} did not train: training on exactly these pictures kept"
            " failing.",
            "What you can do: change the pictures, or have it tried again as it is with\n"
            "  lensloop clear-block",
            *where(record, sender),
        ],
    )


def _pictures_deleted(record: Record, sender: Sender) -> Message:
    return compose(
        sender,
        f"run {record['epoch']} begins anew, as pictures were deleted",
        [
            "That is all right, and nobody needs to act: the next run begins by itself, with the"
            " pictures that are there now.",
            bulleted("", record["reasons"]),
            *where(record, sender),
        ],
    )


def _not_rolled_out(record: Record, sender: Sender) -> Message:
    failure = record["failure"]
    return compose(
        sender,
        f"release {record['epoch']} could not be rolled out",
        [
            f"Release {record['epoch']} is published, but its rollout could not be started.",
            bulleted("What broke:", [sentence(failure)] if failure else []),
            "Start it with:\n  lensloop retry",
            *where(record, sender),
        ],
    )


_ENDS: Mapping[str, Callable[[Record, Sender], Message | None]] = {
    "nothing-new": _nothing_new,
    "released": _released,
    "refused": _refused,
    "held": _held,
    WAITS_FOR_APPROVAL: _waits,
    "too-few-images": _too_few,
    "wrong-folders": _wrong_folders,
    "blocked": _blocked,
    "pictures-deleted": _pictures_deleted,
    "not-rolled-out": _not_rolled_out,
}


def _trained_before(record: Record) -> list[str]:
    """Where a verdict came without a training."""
    training = record["training"]
    if not training or not training.get("model") or training.get("jobs"):
        return []
    return ["Nothing was trained: the model of these pictures was there, and was judged again."]


def _doubts(record: Record) -> list[str]:
    doubts = record["doubts"] or {}
    return ["\n".join(doubts.get("sentences") or ())]
