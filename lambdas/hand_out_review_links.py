"""Where may a camera put a frame for a person to look at? Two addresses below review/<camera>/,
each for one file of the size and hash that the camera named, for a quarter of an hour, only once.

Called by a topic rule for each wish of a camera; the topic's own part says whose it is, for a
camera's certificate lets it publish under no other name.
Event: {wish: the message in base64, thing}.
"""

import json
import os
from typing import Any

from lambdas.aws import clients, fleet, message
from lambdas.aws.message import MessageError
from lensloop.wire import names, review
from lensloop.wire.review import ANSWER, PICTURE, File, Links, ReviewError, Wish

VALID_SECONDS = 900  # a picture of 2 MB at 3 kB/s
MOST_BYTES = 2048  # a name, two sizes and two hashes take 300


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    thing = str(event["thing"])
    if not fleet.wave_of(thing):  # another project of this account has cameras as well
        return _passed_over(thing, "it is not among this project's cameras")
    try:
        wish = review.read_wish(message.content(event["wish"], "wish", MOST_BYTES))
    except (MessageError, ReviewError) as error:
        return _passed_over(thing, str(error))
    clients.iot_data().publish(
        topic=names.REVIEW_PUT_TOPIC.format(thing=thing),
        qos=1,
        payload=json.dumps(_links(thing, wish).content()),
    )
    return {"thing": thing, "name": wish.name}


def _links(thing: str, wish: Wish) -> Links:
    return Links(
        wish.name,
        _address(thing, wish.name, PICTURE, wish.picture),
        _address(thing, wish.name, ANSWER, wish.answer),
    )


def _address(thing: str, name: str, ending: str, file: File) -> str:
    headers = review.headers(file, ending)
    return clients.s3_signer().generate_presigned_url(
        "put_object",
        Params={
            "Bucket": os.environ["BUCKET"],
            "Key": review.key(thing, name, ending),
            "ContentType": headers["Content-Type"],
            "ContentLength": file.size,
            "IfNoneMatch": headers["If-None-Match"],
            "ChecksumSHA256": headers["x-amz-checksum-sha256"],
        },
        ExpiresIn=VALID_SECONDS,
    )


def _passed_over(thing: str, why: str) -> dict[str, Any]:
    message.passed_over(thing, "wish", why)
    return {"thing": thing, "name": None}
