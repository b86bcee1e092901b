"""A bucket, a table and two groups of cameras on the local cloud, and the environment in which the
steps find them.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest

from lambdas.aws import clients
from lensloop.model import proof, release
from lensloop.settings import Settings
from lensloop.wire import names
from local.cloud import LocalCloud
from tests.model.evaluations import evaluation, scores

BUCKET, TABLE, PREFIX = (
    "deeplens-trash-000000000000-us-east-1",
    "deeplens-trash-state",
    "deeplens-trash",
)
MODEL = f"s3://{BUCKET}/training/deeplens-trash-7-1/output/model.tar.gz"


@dataclass
class Aws:
    s3: Any
    table: Any
    iot: Any
    groups: dict[str, str]

    def put_model(self, files: dict[str, bytes], uri: str = MODEL) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=uri.split("/", 3)[3], Body=archive(files))

    def lease(self, epoch: int) -> None:
        self.table.put_item(Item={"id": "trigger", "epoch": epoch, "run": {"epoch": epoch}})

    def item(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.table.get_item(Key={"id": key}).get("Item", {})
        return found


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def model_files(
    right: int = 20,
    model: bytes = b"ONNX" * 1000,
    refused: str = "",
    further: dict[str, dict[str, Any]] | None = None,
    **changes: Any,
) -> dict[str, bytes]:
    """What a training job leaves behind, with one golden picture of each label; `refused`: by a
    camera's own proof; `further`: what that says of other files.
    """
    content = evaluation(scores(None, {"can": (20, right), "glass": (20, 20)}))
    pictures, golden = {}, []
    for label in ("can", "glass"):
        picture = f"a golden picture of {label}".encode()
        name = f"golden/{sha256(picture).hexdigest()}.jpg"
        pictures[name] = picture
        golden.append({"file": name, "sha256": name[7:-4], "label": label, "probability": 0.9})
    content |= {"golden": golden}
    files = {"model.onnx": model, "test.csv": b"sha256,label\n", **pictures}
    made, _ = release.draft("trash", 1, files, content, "then")
    of = (made["model"]["sha256"], made["golden"]["sha256"])
    content |= {"proof": proof.noted(*of, refused, further), **changes}
    return {**files, "evaluation.json": json.dumps(content).encode()}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(Path(tmp_path_factory.mktemp("release")), say=lambda text: None) as running:
        yield running


@pytest.fixture
def aws(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name, value in cloud.env.items():
        monkeypatch.setenv(name, value)
    s3, iot = cloud.client("s3"), cloud.client("iot")
    table = boto3.resource("dynamodb", endpoint_url=cloud.endpoint).create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    s3.create_bucket(Bucket=BUCKET)
    groups = {
        wave: iot.create_thing_group(thingGroupName=f"{PREFIX}-{wave}")["thingGroupArn"]
        for wave in ("canary", "fleet")
    }
    asked = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    keys = [cloud.client("kms").create_key(**asked)["KeyMetadata"]["Arn"] for _ in range(3)]
    addresses = {
        "RELEASE_KEY": keys[0],
        "RELEASE_KEYS": ",".join(keys),
        "BUCKET": BUCKET,
        "TABLE": TABLE,
        "SETTINGS": Settings().to_json(),
        "AWS_REGION": "us-east-1",
        "S3_HOST": "s3.us-east-1.amazonaws.com",
        "PRESIGN_ROLE_ARN": "arn:aws:iam::000000000000:role/presign",
        "CANARY_GROUP_ARN": groups["canary"],
        "FLEET_GROUP_ARN": groups["fleet"],
    }
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    clients.forget()
    yield Aws(s3, table, iot, groups)
    clients.forget()
    _empty(s3, table, iot)


def _empty(s3: Any, table: Any, iot: Any) -> None:
    table.delete()
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3.delete_bucket(Bucket=BUCKET)
    for job in iot.list_jobs()["jobs"]:
        iot.delete_job(jobId=job["jobId"], force=True)
    for thing in iot.list_things()["things"]:
        iot.delete_thing(thingName=thing["thingName"])
    for wave in ("canary", "fleet"):
        iot.delete_thing_group(thingGroupName=f"{PREFIX}-{wave}")


@pytest.fixture
def sagemaker(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Its registry and its lineage are empty again afterwards."""
    monkeypatch.setenv("TRAINING_IMAGE", "an/image:1")
    client = cloud.client("sagemaker")
    yield client
    group = {"ModelPackageGroupName": names.model_group(PREFIX)}
    groups = client.list_model_package_groups()["ModelPackageGroupSummaryList"]
    if groups:
        for version in client.list_model_packages(**group, MaxResults=100)[
            "ModelPackageSummaryList"
        ]:
            client.delete_model_package(ModelPackageName=version["ModelPackageArn"])
        client.delete_model_package_group(**group)
    for one in client.list_associations()["AssociationSummaries"]:
        ends = {end: one[end] for end in ("SourceArn", "DestinationArn")}
        client.delete_association(**ends)
    for artifact in client.list_artifacts()["ArtifactSummaries"]:
        client.delete_artifact(ArtifactArn=artifact["ArtifactArn"])
