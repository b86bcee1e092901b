"""Is the model small and fast enough for the cameras?

How long it takes is measured in the training job, on one of its processor's threads: a camera needs
longer, each kind in its own proportion. So that budget is one that a person sets who knows it.
"""

from collections.abc import Iterator

from lensloop.model.evaluation import Evaluation
from lensloop.model.floors import Floors

_MB = 1e6


def exceeded(evaluation: Evaluation, floors: Floors) -> Iterator[str]:
    """A budget of 0 is none, and what nobody measured exceeds none."""
    size, took = evaluation.model_bytes, evaluation.milliseconds
    if floors.max_model_mb and size is not None and size > floors.max_model_mb * _MB:
        yield (
            f"the model has {size / _MB:.1f} MB, more than the {floors.max_model_mb} MB that"
            " cameras are to fetch (`max_model_mb`)"
        )
    if floors.max_milliseconds and took is not None and took > floors.max_milliseconds:
        yield (
            f"the model takes {took:.1f} ms for a picture in the training job, more than the"
            f" {floors.max_milliseconds} ms that it may (`max_milliseconds`)"
        )
