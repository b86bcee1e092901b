"""How does a camera get its identity, and how does it lose it? A thing, its certificate, its wave,
and a folder.
"""

import contextlib
import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camera.config import FILE as CAMERA_FILE
from camera.connection import MQTT_OVER_TLS
from cli import home
from cli.fleet import WAVES, CameraError, require_stack
from lambdas.aws.known_keys import KnownKeys
from lensloop.wire import names, succession
from lensloop.wire.key_chain import Believed

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot.type_defs import CreateKeysAndCertificateResponseTypeDef

DETACH_SECONDS = 30.0


def add_camera(
    iot: "IoTClient",
    prefix: str,
    project: str,
    thing: str,
    folder: Path,
    *,
    believes: Believed,
    canary: bool = False,
    endpoint: str | None = None,
    port: int | None = None,
    ca: Path | None = None,
    review_frames_a_day: int = 0,
) -> Path:
    """Makes the thing, its certificate and the folder `folder`
    that the agent runs on; returns its camera.json.

    `endpoint` of None asks AWS IoT, `port` of None is AWS IoT's, and `ca` of None is the trust
    store of the camera's own system. Raises CameraError, and then nothing new is left behind.
    `believes`: who signs releases. A camera that the folder already belongs to keeps its own key:
    it is moved to the wave asked for, believes that, and connects where it is told to now.
    """
    if not names.THING.fullmatch(thing):
        raise CameraError(
            f"{thing!r} is no camera name; it is deeplens_ and then letters, digits, _ or -."
        )
    home.check_ca(ca)
    require_stack(iot, prefix)
    owner = home.owner(folder)
    if owner not in (None, thing):
        raise CameraError(
            f"{folder} already belongs to another camera; give --home another folder."
        )
    values = {"thing": thing, "endpoint": endpoint, "port": port, "project": project}
    values["review_frames_a_day"] = review_frames_a_day
    values["key_number"] = believes.number
    if owner and _exists(iot, thing):
        _put_into_wave(iot, prefix, thing, canary)
        home.renew(folder, values, ca, believes.keys[0])
        return folder / CAMERA_FILE
    home.refuse_used(folder, thing)
    values["endpoint"] = endpoint or own_endpoint(iot)
    values["port"] = MQTT_OVER_TLS if port is None else port
    with contextlib.ExitStack() as undo:
        _make_thing(iot, thing, undo)
        _put_into_wave(iot, prefix, thing, canary)
        keys = make_certificate(iot, f"{prefix}-camera", thing, undo)
        home.write(folder, values, keys, ca, undo, believes.keys[0])
        undo.pop_all()
    return folder / CAMERA_FILE


def who_signs(kms: Any, table: KnownKeys, prefix: str) -> Believed:
    """What a camera that is registered now is to believe: the key that signs alone, for whatever it
    is ordered is signed by that.
    """
    keys = table.keys()
    if keys.chain:
        return Believed(keys.number, keys.believed[:1])
    return Believed(0, (public_key(kms, prefix),))


def public_key(kms: Any, prefix: str, number: int = 1) -> str:
    """Of one of the keys that the stack has for signing, in PEM."""
    try:
        answer = kms.get_public_key(KeyId=names.release_key(prefix, number))
    except kms.exceptions.NotFoundException:
        raise CameraError(
            f"{prefix} has no key that signs releases. Deploy it again with this version first."
        ) from None
    return succession.pem(answer["PublicKey"])


def own_endpoint(iot: "IoTClient") -> str:
    return iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]


def remove_camera(iot: "IoTClient", prefix: str, thing: str) -> None:
    """Revokes the certificates of the camera and of its indicators, and forgets it.
    Its folder is worthless from now on, and stays.
    """
    require_camera(iot, prefix, thing)
    for principal in iot.list_thing_principals(thingName=thing)["principals"]:
        revoke(iot, prefix, thing, principal)
    when_detached(iot, lambda: iot.delete_thing(thingName=thing))


def require_camera(iot: "IoTClient", prefix: str, thing: str) -> None:
    """Raises CameraError where it is none of this project's."""
    require_stack(iot, prefix)
    try:
        groups = iot.list_thing_groups_for_thing(thingName=thing)["thingGroups"]
    except iot.exceptions.ResourceNotFoundException:
        raise CameraError(
            f"There is no camera {thing}; `lensloop camera list` shows those there are."
        ) from None
    if not {group["groupName"] for group in groups} & {f"{prefix}-{wave}" for wave in WAVES}:
        raise CameraError(f"{thing} is not a camera of {prefix}; it is left alone.")


def _make_thing(iot: "IoTClient", thing: str, undo: contextlib.ExitStack) -> None:
    if _exists(iot, thing):
        raise CameraError(
            f"A camera called {thing} exists already. Use the folder it was made with, take another"
            f" name, or remove it first (`lensloop camera remove {thing}`). For its agent alone,"
            " `lensloop camera bundle --for …` packs an update."
        )
    iot.create_thing(thingName=thing)
    undo.callback(when_detached, iot, lambda: iot.delete_thing(thingName=thing))


def _exists(iot: "IoTClient", thing: str) -> bool:
    try:
        iot.describe_thing(thingName=thing)
    except iot.exceptions.ResourceNotFoundException:
        return False
    return True


def _put_into_wave(iot: "IoTClient", prefix: str, thing: str, canary: bool) -> None:
    """A camera is in exactly one of the two groups."""
    chosen = "canary" if canary else "fleet"
    iot.add_thing_to_thing_group(thingGroupName=f"{prefix}-{chosen}", thingName=thing)
    for wave in WAVES:
        if wave != chosen:
            iot.remove_thing_from_thing_group(thingGroupName=f"{prefix}-{wave}", thingName=thing)


def make_certificate(
    iot: "IoTClient", policy: str, thing: str, undo: contextlib.ExitStack
) -> "CreateKeysAndCertificateResponseTypeDef":
    made = iot.create_keys_and_certificate(setAsActive=True)
    arn = made["certificateArn"]
    undo.callback(_revoke_certificate, iot, thing, arn)
    iot.attach_policy(policyName=policy, target=arn)
    iot.attach_thing_principal(thingName=thing, principal=arn)
    return made


def revoke(iot: "IoTClient", prefix: str, thing: str, certificate: str) -> None:
    """From here on the broker refuses this certificate, and a policy that is its own is gone."""
    policies = own_policies(iot, prefix, certificate)
    _revoke_certificate(iot, thing, certificate)
    for name in policies:
        when_detached(iot, functools.partial(iot.delete_policy, policyName=name))


def own_policies(iot: "IoTClient", prefix: str, certificate: str) -> list[str]:
    """Those of an indicator. All cameras have one in common, which is not among them."""
    attached = iot.list_attached_policies(target=certificate)["policies"]
    held = [policy["policyName"] for policy in attached]
    return [name for name in held if name.startswith(names.indicator(prefix))]


def _revoke_certificate(iot: "IoTClient", thing: str, certificate: str) -> None:
    certificate_id = certificate.rsplit("/", 1)[-1]
    iot.update_certificate(certificateId=certificate_id, newStatus="REVOKED")
    with contextlib.suppress(
        iot.exceptions.ResourceNotFoundException
    ):  # half-way through `add` it may not be attached
        iot.detach_thing_principal(thingName=thing, principal=certificate)
    when_detached(
        iot, lambda: iot.delete_certificate(certificateId=certificate_id, forceDelete=True)
    )


def when_detached(iot: "IoTClient", delete: Callable[[], Any]) -> None:
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
