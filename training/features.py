"""What does a backbone see in each picture? Looked at once, however many ask."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.embed import embed
from training.model_file import Backbone, frozen
from training.pictures import Picture, Pictures

Array = NDArray[np.float32]


class Features:
    """Of this job's pictures, by the frozen backbone and by those of the models that are judged."""

    def __init__(self, pictures: Pictures, backbone: Callable[[], bytes]) -> None:
        """`backbone` makes the frozen one, which not every algorithm needs."""
        self._pictures, self._make = pictures, backbone
        self._seen: dict[str, dict[str, Array]] = {}  # by the backbone's hash and the picture's

    @functools.cached_property
    def frozen(self) -> Backbone:
        return frozen(self._make())

    def of(self, rows: Sequence[Picture]) -> tuple[list[Picture], Array]:
        """The usable ones of these pictures, in order, and what the frozen backbone sees in them,
        [pictures, D].
        """
        return self.by(self.frozen, rows, "embedded")

    def by(
        self, backbone: Backbone, rows: Sequence[Picture], verb: str
    ) -> tuple[list[Picture], Array]:
        """The same by any backbone. `verb`: what the log calls it."""
        seen = self._seen.setdefault(backbone.hash, {})
        unseen = [row for row in rows if row.sha256 not in seen]
        if unseen:
            looked_at, features = embed(self._pictures, unseen, backbone.session, verb)
            seen.update(zip((row.sha256 for row in looked_at), features, strict=True))
        usable = [row for row in rows if row.sha256 in seen]
        width = backbone.session.get_outputs()[0].shape[1]
        features = np.empty((len(usable), width), np.float32)
        for place, row in enumerate(usable):
            features[place] = seen[row.sha256]
        return usable, features
