"""How does a camera change its model? Verify, activate, prove, commit – or go back, and say why."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple, Optional

from camera import AGENT_VERSION, disk, download, model, prove
from camera.download import DownloadError
from camera.jobs import Answer
from camera.store import Store
from lensloop.wire.errors import BadArtifact, LensloopError
from lensloop.wire.manifest import Installed, Manifest, ManifestError, accepts
from lensloop.wire.order import Order, OrderError, parse

MAX_MANIFEST_BYTES = 1024 * 1024  # labels and a few file names; what is larger is no manifest
MAX_GOLDEN_BYTES = 512 * 1024 * 1024  # of all together; a camera's disk must not be filled
MAX_STARTS = 3  # an agent that died this often while proving one release does not try it again
log = logging.getLogger(__name__)


class Refused(LensloopError):
    """The camera will not take this release; asking again would not help."""


class Running(NamedTuple):
    """A model that has proved itself on this camera."""

    model: model.Model
    proof: prove.Proof

    @property
    def installed(self) -> Installed:
        return self.model.installed


class Outcome(NamedTuple):
    answer: Answer
    running: Optional[Running]  # what the camera classifies with from now on


def restore(store: Store) -> Optional[Running]:
    """At start: the newest committed release that still loads
    and proves itself here, network or not.
    """
    store.open()
    for release in store.state.good:
        try:
            running = _prove(store.folder(release.epoch), release)
        except BadArtifact as error:
            log.error("release %d is no longer usable here: %s", release.epoch, error)
            continue
        store.settle_on(release)
        log.info("running release %d, golden pictures %s", release.epoch, running.proof.golden)
        return running
    return None


def take(document: Any, store: Store, running: Optional[Running], project: str) -> Outcome:
    """Carries out one job. Whatever happens, the outcome holds a working model if there was one."""
    try:
        order = parse(document)
        manifest = _fetch_manifest(order, store)
        _check(order, manifest, project)
        decision = accepts(
            manifest, store.highest, running.installed if running else None, AGENT_VERSION
        )
        if decision.running and running is not None:
            log.info("%s", decision.reason)
            return Outcome(_success(running), running)
        if not decision.take:
            raise Refused(decision.reason)
    except (Refused, OrderError, ManifestError) as error:
        return Outcome(_refusal("REJECTED", error), running)
    except (LensloopError, OSError) as error:
        return Outcome(_refusal("FAILED", error), running)
    return _change(order, manifest, store, running)


def _change(order: Order, manifest: Manifest, store: Store, running: Optional[Running]) -> Outcome:
    release = Installed(manifest.epoch, manifest.model.sha256)
    try:
        starts = store.begin(release)
        if starts > MAX_STARTS:
            raise BadArtifact(
                f"the agent started this release {starts - 1} times and never came to an end;"
                " giving it up"
            )
        part = _bring(order, manifest, store)
        new = _prove(store.activate(release, part), release)
        store.commit(release, running.installed if running else None)
    except (LensloopError, OSError) as error:
        store.go_back(running.installed if running else None)
        return Outcome(_refusal("FAILED", error), running)
    log.info(
        "release %d proved itself (golden pictures %s) and is running",
        release.epoch,
        new.proof.golden,
    )
    return Outcome(_success(new), new)


def _fetch_manifest(order: Order, store: Store) -> Manifest:
    target = store.releases / "offered.json"
    download.fetch(order.manifest_url, target, order.manifest_sha256, MAX_MANIFEST_BYTES)
    return model.read_manifest(target)


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


def _bring(order: Order, manifest: Manifest, store: Store) -> Path:
    """A folder with the complete, verified release."""
    if manifest.golden.size > MAX_GOLDEN_BYTES:
        raise DownloadError(f"{manifest.golden.size} golden bytes are more than this agent takes")
    part = store.workplace(manifest.epoch)
    download.check_space(store.home, manifest.model.size + manifest.golden.size)
    for url, file in ((order.model_url, manifest.model), (order.golden_url, manifest.golden)):
        download.fetch(url, part / file.file, file.sha256, limit=file.size, size=file.size)
    disk.move(store.releases / "offered.json", part / "manifest.json")
    return part


def _prove(folder: Path, release: Installed) -> Running:
    loaded = model.load(folder)
    if loaded.installed != release:
        raise BadArtifact(f"{folder} holds {loaded.installed} and must hold {release}")
    return Running(loaded, prove.prove(loaded, folder))


def _success(running: Running) -> Answer:
    return Answer(
        "SUCCEEDED",
        {
            "epoch": str(running.installed.epoch),
            "sha256": running.installed.sha256,
            "golden": running.proof.golden,
            "latency_ms": str(running.proof.milliseconds),
            "agent": str(AGENT_VERSION),
        },
    )


def _refusal(status: str, error: Exception) -> Answer:
    reason = str(error) if isinstance(error, LensloopError) else f"this camera's disk: {error}"
    log.error("%s: %s", status.lower(), reason)
    return Answer(status, {"reason": reason[:1].upper() + reason[1:], "agent": str(AGENT_VERSION)})
