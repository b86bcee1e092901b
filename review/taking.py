"""What happens to a picture that the computer's own camera takes? It lies aside as one that was
dropped; what is nearly the same as one just taken is not kept.
"""

import threading
from dataclasses import dataclass, field

from lensloop.dataset.look import LEAST_SIDE, look
from lensloop.dataset.missing import missing
from lensloop.wire.picture import open_picture, phash
from lensloop.wire.uncertain import alike
from review.dropping import Drops, Shot
from review.library import REJECTED, Library


@dataclass
class Taking:
    _drops: Drops
    _library: Library
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, identity: str, path: str, content: bytes) -> bool:
        """Was it kept? PictureError where it is none."""
        dropped = self._drops.of(identity)
        image = open_picture(content, at_least=LEAST_SIDE)
        shot = Shot(int(phash(image), 16), look(image))
        with self._lock:  # of two at once, the second is compared to the first
            if any(alike(shot.phash, other.phash) for other in dropped.shots.values()):
                return False
            dropped.add(path, content)
            dropped.shots[path] = shot
        return True

    def missing(self, identity: str) -> list[str]:
        """Of the label, if these pictures come to it."""
        dropped = self._drops.of(identity)
        self._library.ready()
        there = self._library.pictures(dropped.label)
        sound = sum(picture.state != REJECTED for picture in there)
        taken = [shot.look for shot in list(dropped.shots.values())]
        return missing(dropped.label, sound + len(taken), taken, self._library.report)
