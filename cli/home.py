"""What lies in the folder that a camera's agent runs on? camera.json, its certificate, its private
key, the CA of its broker and the public key of releases; and nothing of it is ever committed.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera.config import FILE as CAMERA_FILE
from camera.store import STATE
from cli.fleet import CameraError

if TYPE_CHECKING:
    from mypy_boto3_iot.type_defs import CreateKeysAndCertificateResponseTypeDef

CERTIFICATE, KEY, CA = "certificate.pem", "private.key", "ca.pem"
RELEASE_KEY = "release-key.pem"  # public: what releases must be signed by
GIT_IGNORE = ".gitignore"


def check_ca(ca: Path | None) -> None:
    if ca is not None and "BEGIN CERTIFICATE" not in _text(ca):
        raise CameraError(f"{ca} is not a certificate in PEM form.")


def owner(home: Path) -> str | None:
    """The camera that the folder belongs to; empty where camera.json does not say."""
    config = home / CAMERA_FILE
    if not config.exists():
        return None
    try:
        return str(json.loads(config.read_text("utf-8"))["thing"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def refuse_used(home: Path, thing: str) -> None:
    """A camera takes no release older than the last it ran, and another cloud counts from 1."""
    if (home / STATE).exists():
        raise CameraError(
            f"{thing} is not known here any more, and {home} holds releases of the cloud that knew"
            " it. Give --home another folder, or delete that one."
        )


def write(
    home: Path,
    values: Mapping[str, Any],
    keys: "CreateKeysAndCertificateResponseTypeDef",
    release_key: str,
    ca: Path | None,
    undo: contextlib.ExitStack,
) -> None:
    """The private key exists nowhere else; only its owner may read it."""
    _make(home, undo)
    for name, text, mode in (
        (CERTIFICATE, keys["certificatePem"], 0o644),
        (KEY, keys["keyPair"]["PrivateKey"], 0o600),
        (RELEASE_KEY, release_key, 0o644),
    ):
        undo.callback((home / name).unlink, missing_ok=True)
        _replace(home / name, text, mode)
    settings = {**values, "ca": None, "certificate": CERTIFICATE, "key": KEY}
    settings["keys"] = [RELEASE_KEY]
    undo.callback((home / CAMERA_FILE).unlink, missing_ok=True)
    if ca:
        undo.callback((home / CA).unlink, missing_ok=True)
    _configure(home, settings, ca)


def renew(home: Path, values: Mapping[str, Any], ca: Path | None, release_key: str) -> None:
    """What is not given stays as it is, and so does what a person has added."""
    given = {name: value for name, value in values.items() if value is not None}
    config: dict[str, Any] = json.loads((home / CAMERA_FILE).read_text("utf-8"))
    _replace(home / RELEASE_KEY, release_key, 0o644)
    _configure(home, config | given | {"keys": [RELEASE_KEY]}, ca)


def _configure(home: Path, settings: dict[str, Any], ca: Path | None) -> None:
    if ca:
        settings["ca"] = CA
        _replace(home / CA, _text(ca), 0o644)
    _replace(home / CAMERA_FILE, json.dumps(settings, indent=1) + "\n", 0o644)


def _make(home: Path, undo: contextlib.ExitStack) -> None:
    """Before the key is there: `git add` never sees one."""
    if not home.exists():
        home.mkdir(parents=True)
        undo.callback(shutil.rmtree, home, ignore_errors=True)
        _replace(home / GIT_IGNORE, "*\n", 0o644)
        return
    # A folder with other things in it: its own rules stay, and ours comes last and wins.
    ignored = home / GIT_IGNORE
    rules = ignored.read_text("utf-8") if ignored.exists() else ""
    if {"*", f"/{KEY}"}.isdisjoint(rules.split("\n")[-2:]):
        separator = "" if rules.endswith("\n") or not rules else "\n"
        _replace(ignored, f"{rules}{separator}/{KEY}\n", 0o644)


def _replace(path: Path, text: str, mode: int) -> None:
    """There whole or not at all, and never readable by more than `mode` says."""
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CameraError(f"{path} cannot be read: {error}.") from error
