"""What does a person work at? The pictures, and what happens: all that the screens share."""

import contextlib
from dataclasses import dataclass

from cli.faults import OF_THE_CLOUD
from cli.place import Place
from lensloop.wire.errors import LensloopError
from review.dropping import Drops
from review.frames import Frames
from review.happenings import Happenings
from review.library import Library
from review.mapping import Mapper
from review.moving import Mover
from review.right import RightLabels
from review.taking import Taking
from review.thumbnails import Thumbnails


@dataclass(frozen=True)
class Desk:
    happenings: Happenings
    frames: Frames
    library: Library
    mover: Mover
    right: RightLabels
    mapper: Mapper
    drops: Drops
    taking: Taking
    thumbnails: Thumbnails
    place: Place | None = None  # for words about a cloud that does not answer

    def prepare(self) -> None:
        """Before anybody asks: what was begun is finished, and what is slow to read is read. Of a
        cloud that does not answer hears who asks.
        """
        with contextlib.suppress(LensloopError, *OF_THE_CLOUD):
            self.mover.finish()
            self.library.ready()
        self.thumbnails.tidy()
        self.drops.tidy()
