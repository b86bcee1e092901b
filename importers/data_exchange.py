"""Which files are in a data set of AWS Data Exchange that this account is entitled to?
`dataexchange:<data-set>[/<revision>]`: AWS exports a revision into the project's bucket, once, and
its pictures are read from there.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from importers.kept import Kept
from importers.s3 import Prefix
from importers.source import Asked, Origin, Source, SourceError
from lensloop.wire.names import IMPORTS_PREFIX

BEGINS = "dataexchange:"
# The only region with an endpoint for subscribers of every product; AWS exports to any bucket.
REGION = "us-east-1"
_PREFIX = f"{IMPORTS_PREFIX}dataexchange/"
_LOOK_SECONDS = 5.0
_ENDED = frozenset(("COMPLETED", "ERROR", "CANCELLED", "TIMED_OUT"))


@contextmanager
def opened(asked: Asked) -> Iterator[Source]:
    data_set, _, revision = asked.address.removeprefix(BEGINS).partition("/")
    if not data_set:
        raise SourceError("Say which data set: dataexchange:<data-set id>[/<revision id>].")
    exchange = asked.client("dataexchange")
    try:
        about = exchange.get_data_set(DataSetId=data_set)
        revision = revision or _newest(exchange, data_set)
        prefix = f"{_PREFIX}{revision}/"
        _export(exchange, asked, data_set, revision, prefix)
    except ClientError as error:
        raise SourceError(_why(data_set, error)) from error
    except BotoCoreError as error:
        raise SourceError(f"AWS Data Exchange cannot be reached: {error}") from error
    url = f"https://console.aws.amazon.com/dataexchange/home#/entitled-data/{data_set}"
    asked.say(f"Reading {about['Name']} …")
    origin = Origin(asked.address, revision, url=url, public=True)
    kept = Kept(asked.cache, asked.address)
    yield Prefix(asked.client("s3"), asked.bucket, prefix, origin, kept)


def request(bucket: str, prefix: str, data_set: str, revision: str) -> dict[str, Any]:
    """Of the export job: https://docs.aws.amazon.com/data-exchange/latest/apireference/v1-jobs.html"""
    destination = {
        "Bucket": bucket,
        "RevisionId": revision,
        "KeyPattern": prefix + "${Asset.Name}",
    }
    details = {"DataSetId": data_set, "RevisionDestinations": [destination]}
    return {"Type": "EXPORT_REVISIONS_TO_S3", "Details": {"ExportRevisionsToS3": details}}


def _newest(exchange: Any, data_set: str) -> str:
    found = []
    for page in exchange.get_paginator("list_data_set_revisions").paginate(DataSetId=data_set):
        found += [(one["CreatedAt"], one["Id"]) for one in page["Revisions"] if one["Finalized"]]
    if not found:
        raise SourceError(f"The data set {data_set} has no finalized revision.")
    return str(max(found)[1])


def _export(exchange: Any, asked: Asked, data_set: str, revision: str, prefix: str) -> None:
    """What was exported before is not exported again; a note beside it says that all of it is
    there."""
    s3, note = asked.client("s3"), f"{_PREFIX}{revision}.json"
    if s3.list_objects_v2(Bucket=asked.bucket, Prefix=note, MaxKeys=1)["KeyCount"]:
        return
    job = exchange.create_job(**request(asked.bucket, prefix, data_set, revision))["Id"]
    exchange.start_job(JobId=job)
    while (told := exchange.get_job(JobId=job))["State"] not in _ENDED:
        asked.say(f"AWS exports revision {revision} to {prefix}: {told['State'].lower()} …")
        sleep(_LOOK_SECONDS)
    if told["State"] != "COMPLETED":
        errors = [error["Message"] for error in told.get("Errors", ())]
        why = "; ".join(errors) or told["State"].lower()
        raise SourceError(f"AWS could not export revision {revision} of {data_set}: {why}")
    body = json.dumps({"data_set": data_set, "revision": revision, "job": job}).encode()
    s3.put_object(Bucket=asked.bucket, Key=note, Body=body, ContentType="application/json")


def _why(data_set: str, error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    if code == "ResourceNotFoundException":
        return (
            f"AWS Data Exchange has no data set {data_set} for this account. Subscribe to its"
            " product first; `aws dataexchange list-data-sets --origin ENTITLED` lists yours."
        )
    if code == "AccessDeniedException":
        return (
            "You may not ask AWS Data Exchange: your user needs dataexchange:GetDataSet,"
            " ListDataSetRevisions, CreateJob, StartJob, GetJob and s3:PutObject on the bucket."
        )
    return f"AWS Data Exchange: {error}"
