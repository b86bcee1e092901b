"""How does this algorithm make a model? Embeds the pictures with the frozen backbone, teaches a
head on what comes out, and puts both into one file.
"""

from collections.abc import Sequence

from training.algorithms.contract import Trained
from training.algorithms.head.backbone import pretrained
from training.algorithms.head.discriminant import Taught, teach
from training.algorithms.head.export import classifier
from training.algorithms.head.familiarity import Known
from training.algorithms.head.untaught import to_leave_out, untaught
from training.algorithms.head.weights import read_weights
from training.features import Features
from training.out_of_fold import Answered, folds
from training.pictures import Picture, Pictures, check_trainable, numbered
from training.shards import Array
from training.stopwatch import Stopwatch


def train(pictures: Pictures, features: Features, stopwatch: Stopwatch) -> Trained:
    labels = pictures.labels
    with stopwatch.measure("embed"):
        rows, seen = features.of(pictures.of("train", "validation"))
    check_trainable(rows, labels)
    with stopwatch.measure("train"):
        targets = numbered(rows, labels)
        taught, answered = learn(rows, seen, labels, to_leave_out(targets, len(labels)))
        known = Known.of(seen, taught)
        familiar = known.familiarity() if known else None
    with stopwatch.measure("embed"):
        test, asked = features.of(pictures.of("test"))
    with stopwatch.measure("leave out"):
        sides = (seen, targets), (asked, numbered(test, labels))
        found = untaught(known, *sides, labels) if known else {}
    with stopwatch.measure("export"):
        model = classifier(read_weights(pretrained()), taught.head, familiar and familiar[0])
    return Trained(
        model,
        rows,
        answered,
        taught.head.temperature,
        answered.reject_threshold(labels),
        familiar[1] if familiar else None,
        {"shrinkage": taught.shrinkage, "untaught": found},
    )


def learn(
    rows: Sequence[Picture], seen: Array, labels: Sequence[str], left_out: Sequence[int] = ()
) -> tuple[Taught, Answered]:
    """A head for these pictures, by what the backbone sees in them; and what heads that were not
    taught with a picture or its near-duplicates predict for it.
    """
    taught = teach(seen, numbered(rows, labels), folds(rows), len(labels), left_out)
    asked = [row for row, was in zip(rows, taught.asked, strict=True) if was]
    return taught, Answered(asked, taught.probabilities)
