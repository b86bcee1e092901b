"""How does a camera change its model? Verify, activate, prove, commit – or go back, and say why."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, NamedTuple, Optional, Tuple

from camera import AGENT_VERSION, authority, disk, download, model, precision, trial
from camera.jobs import Answer
from camera.line import Later, Line, TooLate
from camera.running import Running
from camera.store import Store
from lensloop.wire.errors import BadArtifact, LensloopError
from lensloop.wire.key_chain import BrokenChain
from lensloop.wire.manifest import (
    Decision,
    Installed,
    Manifest,
    ManifestError,
    accepts,
    require_several_labels,
)
from lensloop.wire.order import Order, OrderError, parse
from lensloop.wire.signature import BadKey
from lensloop.wire.statement import Statement, StatementError
from lensloop.wire.succession import SuccessionError

MAX_MANIFEST_BYTES = 1024 * 1024  # labels and a few file names; what is larger is no manifest
MAX_GOLDEN_BYTES = 512 * 1024 * 1024  # of all together; a camera's disk must not be filled
MAX_STARTS = 3  # an agent that died this often while proving one release does not try it again
# Cuts of the power say nothing about a release, unless they come each time that it is proved: as
# with a model for which a computer has too little memory.
MAX_CUTS = 10
# One may be a computer that was held up for a minute. Each costs the camera a minute of answers.
MAX_HANGS = 3
log = logging.getLogger(__name__)


class Refused(LensloopError):
    """The camera will not take this release; asking again would not help."""


# Asking again would bring the same.
_REFUSED = (
    *(Refused, OrderError, ManifestError, authority.Unsigned, StatementError, BadKey),
    *(BrokenChain, SuccessionError),
)


class Outcome(NamedTuple):
    answer: Answer
    running: Optional[Running]  # what the camera classifies with from now on


def restore(store: Store) -> Optional[Running]:
    """At start: the newest committed release that still loads
    and proves itself here, network or not.
    """
    store.open()
    if store.state.unproved:
        store.adopt(_proved_again(store))
    hangs = _what_hangs(store)
    for release in sorted(store.state.good, key=lambda one: one == hangs):  # that one last
        running = still_usable(store, release)
        if running is None:
            continue
        if hangs is not None and release != hangs:
            _give_back(store, hangs, release)
        store.settle_on(release)
        log.info("running release %d, golden pictures %s", release.epoch, running.proof.golden)
        return running
    return None


def _what_hangs(store: Store) -> Optional[Installed]:
    """The newest release, if the watchdog has ended too many agents that waited for its model. It
    answered the golden pictures within their time, so that no proof finds it out.
    """
    newest = next(iter(store.state.good), None)
    return newest if newest is not None and store.hangs(newest) >= MAX_HANGS else None


def _give_back(store: Store, hangs: Installed, older: Installed) -> None:
    reason = f"its model did not come back from a frame {store.hangs(hangs)} times"
    if store.give_back(hangs, older, reason):
        log.error("release %d: %s; back to release %d", hangs.epoch, reason, older.epoch)


def _proved_again(store: Store) -> Tuple[Installed, ...]:
    """Which of the folders that were found without a state are good. One that ends the agent is
    passed over in the end, as when it was ordered.
    """
    proved = []
    for release in store.state.unproved:
        try:
            _may_begin(store, release)
        except BadArtifact as error:
            log.error("release %d is passed over: %s", release.epoch, error)
            continue
        except OSError as error:  # a disk that can only be read holds good releases all the same
            log.error("state.json cannot be written (%s)", error)
        if still_usable(store, release):
            proved.append(release)
    return tuple(proved)


def still_usable(store: Store, release: Installed) -> Optional[Running]:
    """None when it does not prove itself any more."""
    try:
        return _prove(store.folder(release.epoch), release, trial.SECONDS_AT_START)
    except BadArtifact as error:
        log.error("release %d is no longer usable here: %s", release.epoch, error)
        return None


def _may_begin(store: Store, release: Installed) -> None:
    tries = store.begin(release)
    if tries.starts >= MAX_STARTS or tries.cuts >= MAX_CUTS:
        raise BadArtifact(
            f"the agent started this release {tries.starts + tries.cuts} times and never came to"
            " an end; giving it up"
        )


def take(
    document: Any,
    store: Store,
    running: Optional[Running],
    project: str,
    line: Optional[Line] = None,
) -> Outcome:
    """Carries out one job. Whatever happens, the outcome holds a working model if there was one.

    Raises Later when the link gave nothing more, or the addresses have expired: nothing has
    changed, and the same job, asked for again, goes on.
    """
    line = line or Line()
    try:
        order = parse(document)
        line.until(order.minutes)
        authority.follow_keys(order, store, project)
        said = authority.said(order, store, project)
        manifest = _fetch_manifest(order, store, line)
        _check(order, manifest, project)
        decision = _decide(manifest, store, running, said)
        if decision.running and running is not None:
            return _stay(decision, store, running, said)
        if not decision.take:
            raise Refused(decision.reason)
        part = _bring(order, manifest, store, line)
    except Later:
        raise
    except _REFUSED as error:
        return Outcome(_refusal("REJECTED", error), running)
    except (LensloopError, OSError) as error:
        if not isinstance(error, TooLate):
            store.clear()
        return Outcome(_refusal("FAILED", error), running)
    return _change(part, manifest, store, running, said)


def _stay(decision: Decision, store: Store, running: Running, said: Optional[Statement]) -> Outcome:
    log.info("%s", decision.reason)
    if said:
        store.follow(said)
    return Outcome(_success(running), running)


def _decide(
    manifest: Manifest, store: Store, running: Optional[Running], said: Optional[Statement]
) -> Decision:
    _check_not_given_back(manifest, store)
    followed = store.state.followed
    return accepts(
        manifest,
        store.highest_beside(Installed(manifest.epoch, manifest.model.sha256)),
        running.installed if running else None,
        AGENT_VERSION,
        given_up=followed.given_up,
        # Once: the same statement again, when this camera has gone on since, is a replay.
        stated=said is not None and said.serial > followed.serial,
    )


def _change(
    part: Path,
    manifest: Manifest,
    store: Store,
    running: Optional[Running],
    said: Optional[Statement],
) -> Outcome:
    release = Installed(manifest.epoch, manifest.model.sha256)
    try:
        folder = store.activate(release, part)
        _may_begin(store, release)  # counted from here: a cut in a download speaks against nothing
        new = _prove(folder, release)
        store.commit(release, running.installed if running else None, said)
    except (LensloopError, OSError) as error:
        store.go_back(running.installed if running else None)
        return Outcome(_refusal("FAILED", error), running)
    log.info(
        "release %d proved itself (golden pictures %s) and is running",
        release.epoch,
        new.proof.golden,
    )
    return Outcome(_success(new), new)


def _fetch_manifest(order: Order, store: Store, line: Line) -> Manifest:
    """Nothing of it is believed, not even that it is JSON, before its signature is verified."""
    target = store.releases / "offered.json"
    download.fetch(order.manifest_url, target, order.manifest_sha256, MAX_MANIFEST_BYTES, line=line)
    authority.require_release(order, target.read_bytes(), store)
    manifest = model.read_manifest(target)
    require_several_labels(manifest)
    return manifest


def _check(order: Order, manifest: Manifest, project: str) -> None:
    """The order and the manifest must speak of the same release,
    and it must be meant for this camera.
    """
    if manifest.project != project:
        raise Refused(
            f"the release belongs to project {manifest.project!r} and this camera to {project!r}"
        )
    ordered = (order.epoch, order.model_sha256, order.model_size, order.golden_sha256)
    if ordered != (
        manifest.epoch,
        manifest.model.sha256,
        manifest.model.size,
        manifest.golden.sha256,
    ):
        raise Refused("the job and the release manifest name different files")


def _check_not_given_back(manifest: Manifest, store: Store) -> None:
    offered = Installed(manifest.epoch, manifest.model.sha256)
    for given_back in store.state.bad:
        if given_back.release == offered:
            raise Refused(
                f"this camera gave release {manifest.epoch} back by itself: {given_back.reason}"
            )


def _bring(order: Order, manifest: Manifest, store: Store, line: Line) -> Path:
    """A folder with the complete, verified release."""
    if manifest.golden.size > MAX_GOLDEN_BYTES:
        raise BadArtifact(f"{manifest.golden.size} golden bytes are more than this agent takes")
    part = store.workplace(manifest.epoch, order.manifest_sha256)
    files = ((order.model_url, manifest.model), (order.golden_url, manifest.golden))
    missing = (max(0, file.size - download.arrived(part / file.file)) for _, file in files)
    download.check_space(store.home, sum(missing))
    for url, file in files:
        download.fetch(url, part / file.file, file.sha256, file.size, file.size, line)
    precision.bring(order, manifest, part, store.home, line)
    disk.move(store.releases / "offered.json", part / "manifest.json")
    return part


def _prove(folder: Path, release: Installed, seconds: int = trial.SECONDS) -> Running:
    """In a process of its own first: what hangs or dies of it there, cannot hurt this one."""
    began = time.monotonic()
    proof = trial.prove_apart(folder, seconds)
    running = precision.fastest(folder, proof, began, seconds)
    if running.installed != release:
        raise BadArtifact(f"{folder} holds {running.installed} and must hold {release}")
    return running


def _success(running: Running) -> Answer:
    return Answer(
        "SUCCEEDED",
        {
            "epoch": str(running.installed.epoch),
            "sha256": running.installed.sha256,
            "golden": running.proof.golden,
            "latency_ms": str(running.proof.milliseconds),
            "precision": running.precision,
            "agent": str(AGENT_VERSION),
        },
    )


def _refusal(status: str, error: Exception) -> Answer:
    reason = str(error) if isinstance(error, LensloopError) else f"this camera's disk: {error}"
    log.error("%s: %s", status.lower(), reason)
    return Answer(status, {"reason": reason[:1].upper() + reason[1:], "agent": str(AGENT_VERSION)})
