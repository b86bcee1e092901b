"""How are pictures moved so that none is lost? The plan is written down, each is copied and then
its old place is emptied, the plan goes. One that is found at the start is carried out to its end.
"""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lensloop.review import moves
from lensloop.review.moves import Move
from lensloop.review.places import MOVES
from review.bucket import AT_ONCE, Bucket, Gone
from review.library import Library


@dataclass(frozen=True)
class Moved:
    """`done`: with the ETags that the pictures have now. `failed`: sentences."""

    done: list[Move]
    failed: list[str]


class Mover:
    def __init__(self, bucket: Bucket, library: Library) -> None:
        self._bucket, self._library = bucket, library

    def to_label(self, label: str, keys: Sequence[str]) -> Moved:
        seen = self._seen(keys)
        return self._carry_out(lambda taken: moves.to_label(label, seen, taken))

    def set_aside(self, keys: Sequence[str]) -> Moved:
        seen = self._seen(keys)
        return self._carry_out(lambda taken: moves.set_aside(seen, taken))

    def back(self, done: Sequence[Move]) -> Moved:
        return self._carry_out(lambda taken: moves.back(done, taken))

    def finish(self) -> int:
        """What a program that was killed had begun; how many plans that were."""
        plans = [found.key for found in self._bucket.below(MOVES)]
        for plan in plans:
            try:
                self._run(moves.read(self._bucket.read(plan)))
            except (Gone, moves.MoveError):
                continue  # finished by another, or nothing that can be carried out
            self._bucket.delete(plan)
        return len(plans)

    def _there(self, keys: Sequence[str]) -> set[str]:
        etags = self._bucket.etags(keys)
        return {key for key, etag in zip(keys, etags, strict=True) if etag}

    def _seen(self, keys: Sequence[str]) -> list[tuple[str, str]]:
        self._library.ready()
        found = []
        for key in keys:
            if picture := self._library.find(key):
                found.append((key, picture.etag))
        return found

    def _carry_out(self, plan: Callable[[moves.Taken], list[Move]]) -> Moved:
        planned = self._free(plan)
        if not planned:
            return Moved([], [])
        file = f"{MOVES}{secrets.token_hex(8)}.json"
        self._bucket.write(file, moves.to_json(planned))
        moved = self._run(planned)
        self._bucket.delete(file)
        return moved

    def _free(self, plan: Callable[[moves.Taken], list[Move]]) -> list[Move]:
        """What was uploaded a moment ago is not in the library yet, so the bucket is asked too."""
        there = set[str]()

        def is_taken(key: str) -> bool:
            return key in there or self._library.find(key) is not None

        while True:
            planned = plan(is_taken)
            taken = self._there([move.target for move in planned])
            if not taken:
                return planned
            there |= taken

    def _run(self, planned: list[Move]) -> Moved:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(self._one, planned))
        done = [each for each in results if isinstance(each, Move)]
        return Moved(done, [each for each in results if isinstance(each, str)])

    def _one(self, move: Move) -> Move | str:
        """The copy's ETag is what an undo asks for."""
        try:
            etag = self._bucket.copy(move.source, move.etag, move.target)
        except Gone as error:
            return str(error)
        self._bucket.delete(move.source)
        self._library.moved(move, etag)
        return Move(move.source, etag, move.target)
