"""Which pictures' files does the training job need? Those that its backbone has not looked at in an
earlier job, and a few more; of all others it has the features.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lensloop.dataset.kept_features import MOST_GOLDEN, KeptFeatures, golden_each
from lensloop.dataset.rows import Row
from lensloop.dataset.split import TEST

# Times as many test pictures' files come as golden ones are wanted of a label, when fewer of it are
# kept: a model may not recognise them all.
_CANDIDATES = 2
# Pictures that are kept and fetched all the same, for the job to see whether what is kept is right:
# another few in each run.
_CHECKED = 3

_FIXED_GB = 10  # the unpacked libraries, the model, and room to move
_BYTES_A_PICTURE = 16_000  # of features and thumbnail, generously
# While small shards are made one, everything is there twice; and once more for what is carried out.
_COPIES = 3
# Backbones besides that see each picture, where every training makes another: those of the live
# model and of the last one, which lie there already.
_OTHER_BACKBONES: Mapping[str, int] = {"finetune": 2}
# What an algorithm writes while it runs, for each picture that it learns from: eight copies of what
# the early layers see (361 kB), and on a GPU then of the pictures themselves (1,204 kB); see
# training/algorithms/finetune/maps.py.
SCRATCH: Mapping[str, int] = {"finetune": 1_600_000}
_GB = 1e9


@dataclass(frozen=True)
class Fetched:
    rows: Sequence[Row]
    bytes: int
    volume_gb: int  # of the job's disk
    everything_gb: int  # of its disk when it is given every picture


def to_fetch(
    rows: Sequence[Row], kept: KeptFeatures, epoch: int, least_gb: int, algorithm: str
) -> Fetched:
    """`rows`: the data set's. `least_gb`: of the disk, however little there is."""
    needed = {row.key for row in rows if _is_needed(row, kept)}
    others = [row for row in rows if row.key not in needed]
    needed.update(row.key for row in _golden_candidates(rows, others, kept.golden))
    needed.update(row.key for row in _checked(others, epoch))
    chosen = [row for row in rows if row.key in needed]
    together = sum(row.size for row in chosen)
    all_together = sum(row.size for row in rows)
    cache = _COPIES * (kept.bytes + len(chosen) * _BYTES_A_PICTURE)
    whole = _COPIES * (kept.bytes + len(rows) * _BYTES_A_PICTURE)
    besides = _besides(rows, algorithm)
    return Fetched(
        chosen,
        together,
        max(least_gb, _volume(together + cache + besides)),
        max(least_gb, _volume(all_together + whole + besides)),
    )


def _besides(rows: Sequence[Row], algorithm: str) -> int:
    """Bytes that the algorithm needs beyond pictures and the cache of one backbone."""
    learnt = sum(row.split != TEST for row in rows)
    seen = _COPIES * _OTHER_BACKBONES.get(algorithm, 0) * _BYTES_A_PICTURE
    return len(rows) * seen + learnt * SCRATCH.get(algorithm, 0)


def _is_needed(row: Row, kept: KeptFeatures) -> bool:
    content = bytes.fromhex(row.sha256)
    if content not in kept.pictures:
        return True
    return row.split == TEST and content not in kept.by_live


def _golden_candidates(
    rows: Sequence[Row], others: Sequence[Row], golden: Collection[str]
) -> list[Row]:
    """The smallest test pictures of each label, the labels taking turns; none of a label of which
    enough golden ones are kept. Of new labels there are new pictures, which are fetched anyway.
    """
    each = golden_each(len({row.label for row in rows}))
    there = Counter(row.label for row in rows if row.split == TEST and row.sha256 in golden)
    by_label: defaultdict[str, list[Row]] = defaultdict(list)
    for row in others:
        if row.split == TEST and there[row.label] < each:
            by_label[row.label].append(row)
    for ranked in by_label.values():
        ranked.sort(key=lambda row: (row.size, row.sha256))
    return [*_in_turns(by_label, _CANDIDATES * each)][: _CANDIDATES * MOST_GOLDEN]


def _in_turns(by_label: Mapping[str, Sequence[Row]], turns: int) -> Iterator[Row]:
    for turn in range(turns):
        for _, ranked in sorted(by_label.items()):
            if turn < len(ranked):
                yield ranked[turn]


def _checked(others: Sequence[Row], epoch: int) -> Iterator[Row]:
    """By chance, and the same when the step is repeated."""
    if not others:
        return
    for number in range(_CHECKED):
        chance = hashlib.sha256(f"{epoch} {number}".encode()).hexdigest()
        yield others[int(chance, 16) % len(others)]


def _volume(together: float) -> int:
    return _FIXED_GB + -int(-together // _GB)
