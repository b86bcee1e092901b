"""What lies in the folder that a camera's agent runs on? camera.json, its certificate, its private
key, the CA of its broker and the public key of releases. An indicator's is the same, with
indicator.json and no release key. Nothing of it is ever committed.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera.config import FILE as CAMERA_FILE
from camera.hearing import FILE as INDICATOR_FILE
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


def owner(home: Path, file: str = CAMERA_FILE) -> str | None:
    """The camera that the folder belongs to; empty where camera.json does not say."""
    return value(home, "thing", file)


def value(home: Path, name: str, file: str = CAMERA_FILE) -> str | None:
    """None without the file, and empty where it does not say."""
    if not (home / file).exists():
        return None
    try:
        return str(json.loads((home / file).read_text("utf-8"))[name])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def refuse_used(home: Path, thing: str) -> None:
    """A camera takes no release older than the last it ran, and another cloud counts from 1."""
    if (home / INDICATOR_FILE).exists():
        raise CameraError(f"{home} is an indicator's; give --home another folder.")
    if (home / STATE).exists():
        raise CameraError(
            f"{thing} is not known here any more, and {home} holds releases of the cloud that knew"
            " it. Give --home another folder, or delete that one."
        )


def write(
    home: Path,
    values: Mapping[str, Any],
    keys: "CreateKeysAndCertificateResponseTypeDef",
    ca: Path | None,
    undo: contextlib.ExitStack,
    release_key: str = "",
    file: str = CAMERA_FILE,
) -> None:
    """The private key exists nowhere else; only its owner may read it. Who takes no releases needs
    no `release_key`.
    """
    _make(home, undo)
    parts = [
        (CERTIFICATE, keys["certificatePem"], 0o644),
        (KEY, keys["keyPair"]["PrivateKey"], 0o600),
    ]
    settings = {**values, "ca": None, "certificate": CERTIFICATE, "key": KEY}
    if release_key:
        parts.append((RELEASE_KEY, release_key, 0o644))
        settings["keys"] = [RELEASE_KEY]
    for name, text, mode in parts:
        undo.callback((home / name).unlink, missing_ok=True)
        _replace(home / name, text, mode)
    undo.callback((home / file).unlink, missing_ok=True)
    if ca:
        undo.callback((home / CA).unlink, missing_ok=True)
    _configure(home / file, settings, ca)


def renew(
    home: Path,
    values: Mapping[str, Any],
    ca: Path | None,
    release_key: str = "",
    file: str = CAMERA_FILE,
) -> None:
    """What is not given stays as it is, and so does what a person has added."""
    given = {name: value for name, value in values.items() if value is not None}
    config: dict[str, Any] = json.loads((home / file).read_text("utf-8"))
    if release_key:
        given["keys"] = [RELEASE_KEY]
        _replace(home / RELEASE_KEY, release_key, 0o644)
    _configure(home / file, config | given, ca)


def _configure(file: Path, settings: dict[str, Any], ca: Path | None) -> None:
    if ca:
        settings["ca"] = CA
        _replace(file.with_name(CA), _text(ca), 0o644)
    _replace(file, json.dumps(settings, indent=1) + "\n", 0o644)


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
