"""What is a camera told to take? The job document (the order): made by the step that orders a wave,
read by the camera.
"""

from __future__ import annotations

import base64
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from lensloop.wire.errors import LensloopError
from lensloop.wire.manifest import Manifest
from lensloop.wire.reading import Reader
from lensloop.wire.succession import MOST_CARRIED, SignedSuccession

OPERATION = "release"
MOST_SIGNATURE_BYTES = 72  # DER of two numbers of 32 bytes, each with a sign byte
# For orders from before, which did not say. AWS IoT ends a job by itself at the time it was given.
DEFAULT_MINUTES = 60
MOST_MINUTES = 7 * 24 * 60  # and takes no longer one


class OrderError(LensloopError):
    """The job document is not an order that this agent knows."""


class Signed(NamedTuple):
    """What lensloop.wire.statement reads, and its signature; neither is looked at here."""

    statement: str
    signature: bytes


class Order(NamedTuple):
    """Where a release's files are, and what they must be."""

    epoch: int
    manifest_url: str
    manifest_sha256: str
    model_url: str
    model_sha256: str
    model_size: int
    golden_url: str
    golden_sha256: str
    signature: bytes = b""  # of the manifest; empty in an order from before releases were signed
    signed: Optional[Signed] = None
    # Of the manifest's further files; empty where it names none.
    int8_url: str = ""
    deeplens_url: str = ""
    minutes: int = DEFAULT_MINUTES  # from the beginning of the work until a camera gives it up
    keys: Tuple[SignedSuccession, ...] = ()  # every change of release keys, the first first


def make(
    manifest: Manifest,
    manifest_sha256: str,
    url: Callable[[str], str],
    signature: bytes = b"",
    signed: Optional[Signed] = None,
    minutes: int = DEFAULT_MINUTES,
    keys: Sequence[SignedSuccession] = (),
) -> Dict[str, Any]:
    """The document. `url` gives each file of the release the address where cameras fetch it. Of
    `keys` the newest are carried.
    """
    model, golden = manifest.model, manifest.golden
    document: Dict[str, Any] = {
        "operation": OPERATION,
        "epoch": manifest.epoch,
        "minutes": minutes,
        "manifest": {"url": url("manifest.json"), "sha256": manifest_sha256},
        "model": {"url": url(model.file), "sha256": model.sha256, "size": model.size},
        "golden": {"url": url(golden.file), "sha256": golden.sha256},
    }
    for name, file in (("int8", manifest.int8), ("deeplens", manifest.deeplens)):
        if file:
            document[name] = {"url": url(file.file)}  # what it must be, the manifest says
    if signature:
        document["manifest"]["signature"] = _text(signature)
    if signed:
        document.update(statement=signed.statement, statement_signature=_text(signed.signature))
    if keys:
        document["keys"] = [_shown(one) for one in keys[-MOST_CARRIED:]]
    return document


def parse(document: Any) -> Order:
    """Raises OrderError naming every mistake."""
    top = Reader(document)
    operation = top.text("operation")
    if operation and operation != OPERATION:
        raise OrderError(f"this agent knows the operation {OPERATION!r} and not {operation!r}")
    manifest, model, golden = top.part("manifest"), top.part("model"), top.part("golden")
    order = Order(
        epoch=top.whole("epoch", low=1),
        manifest_url=manifest.text("url"),
        manifest_sha256=manifest.sha256("sha256"),
        model_url=model.text("url"),
        model_sha256=model.sha256("sha256"),
        model_size=model.whole("size", low=1),
        golden_url=golden.text("url"),
        golden_sha256=golden.sha256("sha256"),
        signature=_signature(manifest, "signature") if manifest.has("signature") else b"",
        signed=_signed(top) if top.has("statement") else None,
        int8_url=_url(top, "int8"),
        deeplens_url=_url(top, "deeplens"),
        minutes=top.whole("minutes", 1, MOST_MINUTES) if top.has("minutes") else DEFAULT_MINUTES,
        keys=_keys(top) if top.has("keys") else (),
    )
    top.check(OrderError, "the job's document is not a release order")
    return order


def _url(top: Reader, name: str) -> str:
    return top.part(name).text("url") if top.has(name) else ""


def _shown(one: SignedSuccession) -> Dict[str, str]:
    signatures = {"by_the_one_before": one.by_the_one_before, "by_itself": one.by_itself}
    return {"text": one.text, **{name: _text(signed) for name, signed in signatures.items()}}


def _keys(top: Reader) -> Tuple[SignedSuccession, ...]:
    parts = top.parts("keys")
    if len(parts) > MOST_CARRIED:
        top.mistake(f"`keys` has {len(parts)} changes; there may be {MOST_CARRIED}")
        return ()
    return tuple(_succession(part) for part in parts)


def _succession(part: Reader) -> SignedSuccession:
    return SignedSuccession(
        part.text("text"), _signature(part, "by_the_one_before"), _signature(part, "by_itself")
    )


def _signed(top: Reader) -> Signed:
    return Signed(top.text("statement"), _signature(top, "statement_signature"))


def _signature(part: Reader, name: str) -> bytes:
    return part.base64(name, MOST_SIGNATURE_BYTES)


def _text(signature: bytes) -> str:
    return base64.b64encode(signature).decode("ascii")
