"""How does a camera get its identity, and how does it lose it? A thing, its certificate, its wave,
and a folder.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera.config import FILE as CAMERA_FILE
from camera.config import THING
from cli.fleet import WAVES, CameraError, require_stack

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot.type_defs import CreateKeysAndCertificateResponseTypeDef

CERTIFICATE, KEY, CA = "certificate.pem", "private.key", "ca.pem"
DETACH_SECONDS = 30.0


def add_camera(
    iot: "IoTClient",
    prefix: str,
    project: str,
    thing: str,
    home: Path,
    *,
    canary: bool = False,
    endpoint: str | None = None,
    port: int = 8883,
    ca: Path | None = None,
) -> Path:
    """Makes the thing, its certificate and the folder `home`
    that the agent runs on; returns its camera.json.

    `endpoint` of None asks AWS IoT; `ca` of None is the trust store of the camera's own system.
    Raises CameraError, and then nothing new is left behind. A camera that `home` already belongs to
    is only moved to the wave asked for.
    """
    if not THING.fullmatch(thing):
        raise CameraError(
            f"{thing!r} is no camera name; it is deeplens_ and then letters, digits, _ or -."
        )
    if ca is not None and "BEGIN CERTIFICATE" not in _text(ca):
        raise CameraError(f"{ca} is not a certificate in PEM form.")
    require_stack(iot, prefix)
    config = home / CAMERA_FILE
    if _belongs_to(config, thing):
        _move(iot, prefix, thing, home, canary)
        return config
    if config.exists():
        raise CameraError(f"{home} already belongs to another camera; give --home another folder.")
    with contextlib.ExitStack() as undo:
        _make_thing(iot, thing, undo)
        _put_into_wave(iot, prefix, thing, canary)
        keys = _make_certificate(iot, f"{prefix}-camera", thing, undo)
        _write_home(home, keys, ca, undo)
        content = {
            "thing": thing,
            "endpoint": (
                endpoint or iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
            ),
            "port": port,
            "ca": CA if ca else None,
            "certificate": CERTIFICATE,
            "key": KEY,
            "project": project,
        }
        config.write_text(json.dumps(content, indent=1) + "\n")
        undo.pop_all()
    return config


def remove_camera(iot: "IoTClient", prefix: str, thing: str) -> None:
    """Revokes the camera's certificates and forgets it.
    Its folder is worthless from now on, and stays.
    """
    require_stack(iot, prefix)
    try:
        groups = iot.list_thing_groups_for_thing(thingName=thing)["thingGroups"]
    except iot.exceptions.ResourceNotFoundException:
        raise CameraError(
            f"There is no camera {thing}; `lensloop camera list` shows those there are."
        ) from None
    if not {group["groupName"] for group in groups} & {f"{prefix}-{wave}" for wave in WAVES}:
        raise CameraError(f"{thing} is not a camera of {prefix}; it is left alone.")
    for principal in iot.list_thing_principals(thingName=thing)["principals"]:
        _revoke(iot, thing, principal)
    _when_detached(iot, lambda: iot.delete_thing(thingName=thing))


def _make_thing(iot: "IoTClient", thing: str, undo: contextlib.ExitStack) -> None:
    try:
        iot.describe_thing(thingName=thing)
    except iot.exceptions.ResourceNotFoundException:
        iot.create_thing(thingName=thing)
        undo.callback(_when_detached, iot, lambda: iot.delete_thing(thingName=thing))
        return
    raise CameraError(
        f"A camera called {thing} exists already. Use the folder it was made with, take another"
        f" name, or remove it first (`lensloop camera remove {thing}`)."
    )


def _move(iot: "IoTClient", prefix: str, thing: str, home: Path, canary: bool) -> None:
    try:
        _put_into_wave(iot, prefix, thing, canary)
    except iot.exceptions.ResourceNotFoundException:
        raise CameraError(f"{thing} was removed; delete {home} and add it again.") from None


def _put_into_wave(iot: "IoTClient", prefix: str, thing: str, canary: bool) -> None:
    """A camera is in exactly one of the two groups."""
    chosen = "canary" if canary else "fleet"
    iot.add_thing_to_thing_group(thingGroupName=f"{prefix}-{chosen}", thingName=thing)
    for wave in WAVES:
        if wave != chosen:
            iot.remove_thing_from_thing_group(thingGroupName=f"{prefix}-{wave}", thingName=thing)


def _make_certificate(
    iot: "IoTClient", policy: str, thing: str, undo: contextlib.ExitStack
) -> "CreateKeysAndCertificateResponseTypeDef":
    made = iot.create_keys_and_certificate(setAsActive=True)
    arn = made["certificateArn"]
    undo.callback(_revoke, iot, thing, arn)
    iot.attach_policy(policyName=policy, target=arn)
    iot.attach_thing_principal(thingName=thing, principal=arn)
    return made


def _revoke(iot: "IoTClient", thing: str, certificate: str) -> None:
    """From here on the broker refuses this certificate."""
    certificate_id = certificate.rsplit("/", 1)[-1]
    iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
    with contextlib.suppress(
        iot.exceptions.ResourceNotFoundException
    ):  # half-way through `add` it may not be attached
        iot.detach_thing_principal(thingName=thing, principal=certificate)
    _when_detached(
        iot, lambda: iot.delete_certificate(certificateId=certificate_id, forceDelete=True)
    )


def _when_detached(iot: "IoTClient", delete: Callable[[], Any]) -> None:
    """Detaching takes AWS some seconds, and until then it refuses to delete."""
    deadline = time.monotonic() + DETACH_SECONDS
    while True:
        try:
            delete()
            return
        except (iot.exceptions.InvalidRequestException, iot.exceptions.DeleteConflictException):
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _write_home(
    home: Path,
    keys: "CreateKeysAndCertificateResponseTypeDef",
    ca: Path | None,
    undo: contextlib.ExitStack,
) -> None:
    """The private key exists nowhere else; only its owner may read it."""
    if not home.exists():
        home.mkdir(parents=True)
        undo.callback(shutil.rmtree, home, ignore_errors=True)
    for name, text, mode in (
        (CERTIFICATE, keys["certificatePem"], 0o644),
        (KEY, keys["keyPair"]["PrivateKey"], 0o600),
        (CA, _text(ca) if ca else "", 0o644),
    ):
        path = home / name
        if not text:
            continue
        path.unlink(missing_ok=True)
        undo.callback(path.unlink, missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)


def _belongs_to(config: Path, thing: str) -> bool:
    try:
        return bool(json.loads(config.read_text())["thing"] == thing)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CameraError(f"{path} cannot be read: {error}.") from error
