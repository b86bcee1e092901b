"""Whatever people do to the bucket, and whenever runs come, the data set is what the bucket says,
and splits stay.
"""

import hashlib
import io
import random
from collections import defaultdict

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PIL import Image

from lambdas import assemble_dataset, inspect_images, take_snapshot
from lensloop.wire.errors import StaleEpoch
from tests.dataset.conftest import Project


def _picture(number: int) -> bytes:
    """Twelve pictures of four motifs: those of a motif are near-duplicates of each other."""
    motif = Image.frombytes("RGB", (8, 8), random.Random(number % 4).randbytes(3 * 64))
    file = io.BytesIO()
    motif.resize((64 + number, 64 + number), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


PICTURES = [_picture(number) for number in range(12)]
LABELS = st.sampled_from(["compost", "glass", "paper"])
FILES = st.sampled_from(["a.jpg", "b.jpg", "sub/c.jpg"])
NUMBERS = st.integers(0, len(PICTURES) - 1)


class Bucket(RuleBasedStateMachine):
    """People (upload, overwrite, delete, relabel, rename,
    label rename, copies) and runs in any order.
    """

    project: Project

    @initialize()
    def start(self) -> None:
        self.project.s3.objects.clear()
        self.project.s3._order = None
        self.project.table.items.clear()
        self.project.epoch = 0
        self.splits: dict[str, str] = {}
        self.fresh = False

    def _keys(self) -> list[str]:
        return sorted(self.project.s3.keys("images/"))

    @rule(label=LABELS, file=FILES, number=NUMBERS)
    def upload(self, label: str, file: str, number: int) -> None:
        self.project.s3[f"images/{label}/{file}"] = PICTURES[number]
        self.fresh = False

    @precondition(lambda self: self._keys())
    @rule(data=st.data(), label=LABELS, file=FILES, delete=st.booleans())
    def copy_and_perhaps_delete(
        self, data: st.DataObject, label: str, file: str, delete: bool
    ) -> None:
        """A relabel, a rename or a copy, as S3 knows only copies and deletes."""
        key, to = data.draw(st.sampled_from(self._keys())), f"images/{label}/{file}"
        self.project.s3[to] = self.project.content(key)
        if delete and to != key:
            del self.project.s3[key]
        self.fresh = False

    @precondition(lambda self: self._keys())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        del self.project.s3[data.draw(st.sampled_from(self._keys()))]
        self.fresh = False

    @rule(old=LABELS, new=LABELS)
    def rename_label(self, old: str, new: str) -> None:
        for key in [key for key in self._keys() if key.startswith(f"images/{old}/")]:
            content = self.project.content(key)
            del self.project.s3[key]
            self.project.s3[key.replace(f"images/{old}/", f"images/{new}/")] = content
        self.fresh = False

    @rule()
    def run(self) -> None:
        result = self.project.run()
        assert result["digest"] == self._expected()
        everything = {**self.project.rejected(), **self.project.manifest()}
        assert set(everything) == set(self._keys())
        splits = {row["sha256"]: row["split"] for row in everything.values() if row["split"]}
        moved = {
            sha256
            for sha256 in splits.keys() & self.splits.keys()
            if splits[sha256] != self.splits[sha256]
        }
        assert not moved, "a picture's split never changes"
        self.splits, self.fresh = splits, True

    @rule(lost=st.booleans())
    def run_that_fails_or_loses_the_lease_when_all_is_written(self, lost: bool) -> None:
        epoch = self.project.lease()
        for chunk in take_snapshot.handler({"epoch": epoch}, None)["chunks"]:
            inspect_images.handler({"chunk": chunk}, None)
        if lost:
            write = assemble_dataset._write
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    assemble_dataset, "_write", lambda *given: (write(*given), self.project.lease())
                )
                with pytest.raises(StaleEpoch):
                    assemble_dataset.handler({"epoch": epoch}, None)

    @precondition(lambda self: self.fresh)
    @rule()
    def run_again_without_a_change(self) -> None:
        digest, read = self._expected(), self.project.s3.bytes_read["images"]
        result = self.project.run()
        assert result["digest"] == digest
        assert self.project.s3.bytes_read["images"] == read

    @invariant()
    def near_duplicates_share_a_split(self) -> None:
        if not self.project.table.items.get("dataset"):
            return
        hashes: defaultdict[str, set[str]] = defaultdict(set)
        for row in self.project.manifest().values():
            hashes[row["phash"]].add(row["split"])
        assert all(len(splits) == 1 for splits in hashes.values())

    def _expected(self) -> str:
        """From the bucket alone: every content that lies under exactly one label."""
        labels: defaultdict[str, set[str]] = defaultdict(set)
        for key in self._keys():
            labels[hashlib.sha256(self.project.content(key)).hexdigest()].add(key.split("/")[1])
        torn = {
            row["sha256"]
            for row in self.project.rejected().values()
            if "nearly the same" in row["reason"]
        }
        kept = {
            (sha, next(iter(of))) for sha, of in labels.items() if len(of) == 1 and sha not in torn
        }
        return hashlib.sha256(
            "".join(f"{sha} {label}\n" for sha, label in sorted(kept)).encode()
        ).hexdigest()


def test_every_history_ends_in_the_digest_of_what_is_there(project: Project) -> None:
    class Machine(Bucket):
        pass

    Machine.project = project

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=150,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
