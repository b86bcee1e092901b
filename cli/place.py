"""Where is the project that a command asks about: on AWS, or on the local cloud of this machine?

In this order: `--local` or `--aws`; AWS_ENDPOINT_URL (which may be the local cloud's); a local
cloud that runs in `.local` (LENSLOOP_LOCAL moves it; the cloud leaves connection.json there); AWS.
"""

import functools
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from cli import deployed
from cli.clients import Clients
from lensloop.settings import Settings
from lensloop.wire import names
from lensloop.wire.errors import LensloopError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

PROJECT = Path(__file__).parents[1]
FILE = "connection.json"
# A laptop without a network should say so soon; AWS answers within a second.
_CONNECT_SECONDS = 5
_KNOCK_SECONDS = 1.0
# The page lists, copies and fetches pictures at once; boto3's own ten would make them wait.
_CONNECTIONS = 50


class PlaceError(LensloopError):
    """There is nothing to talk to where the person pointed; the message says what to do."""


class CloudFault(LensloopError):
    """The cloud was asked and failed; the message says at what."""


@dataclass(frozen=True)
class LocalCloud:
    """What the local cloud says of itself."""

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    mqtt_host: str
    mqtt_port: int
    ca: str


@dataclass(frozen=True)
class Place:
    """One project, in one region of one cloud."""

    project: str
    stage: str
    region: str
    local: LocalCloud | None = None
    only_aws: bool = False  # whatever AWS_ENDPOINT_URL says

    @property
    def prefix(self) -> str:
        return names.prefix(self.project, self.stage)

    @functools.cached_property
    def client(self) -> Clients:
        """`client("iot")` makes that client, once."""
        session: Any = self._session  # here the name is a variable, and Clients knows the types

        @functools.cache
        def make(service: str) -> Any:
            with deployed.addressable():
                return session.client(service, **self._address)

        return make

    def table(self) -> "Table":
        """The state table, for lambdas/aws/state.py to read."""
        with deployed.addressable():
            resource: Any = self._session.resource("dynamodb", **self._address)
        table: Table = resource.Table(f"{self.prefix}-state")
        return table

    @functools.cached_property
    def _session(self) -> boto3.Session:
        return _session_of(self.local) if self.local else deployed.session(self.region)

    @property
    def _address(self) -> dict[str, Any]:
        patience = Config(connect_timeout=_CONNECT_SECONDS, max_pool_connections=_CONNECTIONS)
        if self.local:
            config = patience.merge(Config(proxies={}))
            return {"endpoint_url": self.local.endpoint, "config": config}
        options: Any = {"ignore_configured_endpoint_urls": self.only_aws}  # not in the stubs
        return {"config": patience.merge(Config(**options))}

    @property
    def region_name(self) -> str:
        return str(self.client("sts").meta.region_name)

    @functools.cached_property
    def _identity(self) -> tuple[str, str]:
        """(partition, account)"""
        caller = self.client("sts").get_caller_identity()
        return caller["Arn"].split(":")[1], caller["Account"]

    @property
    def bucket(self) -> str:
        return names.bucket(self.project, self.stage, self._identity[1], self.region_name)

    def execution(self, workflow: str, epoch: int, again: int = 1) -> str:
        """The ARN of the execution that an epoch has in a workflow ("retraining" or "rollout")."""
        partition, account = self._identity
        return (
            f"arn:{partition}:states:{self.region_name}:{account}:execution:"
            f"{self.prefix}-{workflow}:{names.execution(epoch, again)}"
        )

    def settings(self) -> Settings:
        """Those that were deployed, which cdk.json may no longer say."""
        functions = self.client("lambda")
        try:
            found = functions.get_function_configuration(FunctionName=self._tick)
        except functions.exceptions.ResourceNotFoundException:
            raise self.nothing_here() from None
        return Settings.from_json(found["Environment"]["Variables"]["SETTINGS"])

    def tick(self, event: dict[str, Any]) -> dict[str, Any]:
        """Has the trigger look now; what it answers. See lambdas/tick.py for its events."""
        return self._invoke(self._tick, event)

    def decide(self, event: dict[str, Any]) -> dict[str, Any]:
        """Says what a person decided; what follows. See lambdas/approve_release.py."""
        return self._invoke(f"{self.prefix}-approve-release", event)

    def roll_back(self, event: dict[str, Any]) -> dict[str, Any]:
        """Takes cameras back, or says how it would. See lambdas/roll_back.py."""
        return self._invoke(f"{self.prefix}-roll-back", event)

    def steer(self, event: dict[str, Any]) -> dict[str, Any]:
        """Tries again, pauses, resumes or decides a rollout. See lambdas/steer_rollout.py."""
        return self._invoke(f"{self.prefix}-steer-rollout", event)

    def change_key(self, event: dict[str, Any]) -> dict[str, Any]:
        """Changes who signs releases, or says how it would. See lambdas/change_key.py."""
        return self._invoke(f"{self.prefix}-change-key", event)

    def _invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        functions = self.client("lambda")
        try:
            answer = functions.invoke(FunctionName=function, Payload=json.dumps(event))
        except functions.exceptions.ResourceNotFoundException:
            raise self.nothing_here() from None
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise CloudFault(f"{function} failed: {result.get('errorMessage', result)}")
        return result

    def role(self, name: str) -> str:
        """The ARN of a role of the project's."""
        partition, account = self._identity
        return f"arn:{partition}:iam::{account}:role/{name}"

    def person(self) -> str:
        """Who asks, as AWS names them."""
        return str(self.client("sts").get_caller_identity()["Arn"])

    @property
    def _tick(self) -> str:
        return f"{self.prefix}-tick"

    def nothing_here(self) -> PlaceError:
        deploy = "make deploy-local" if self.local else "make deploy"
        return PlaceError(
            f"Nothing called {self.prefix} is deployed in {self.region_name} of {self.owner}."
            f" Deploy first (`{deploy}`), or name another --project, --stage or --region."
        )

    @property
    def owner(self) -> str:
        return "the local cloud" if self.local else "this account"


def choose(project: str | None, stage: str | None, region: str | None, local: bool | None) -> Place:
    """`local` is True for --local, False for --aws, None for neither."""
    settings = deployed.settings()
    project = settings.project if project is None else project
    stage = settings.stage if stage is None else stage
    Settings.from_context({"project": project, "stage": stage, "region": region or ""})
    cloud = _local_cloud(local)
    if cloud:
        return Place(project, stage, cloud.region, cloud)
    wanted = settings.region if region is None else region
    return Place(project, stage, wanted, only_aws=local is False)


def folder() -> Path:
    """As the person knows it, who mostly stands in the project's folder."""
    named = os.environ.get("LENSLOOP_LOCAL")
    if named:
        return Path(named)
    return Path(".local") if Path.cwd() == PROJECT else PROJECT / ".local"


def _local_cloud(wanted: bool | None) -> LocalCloud | None:
    if wanted is False:
        return None
    file = folder() / FILE
    address = os.environ.get("AWS_ENDPOINT_URL")
    if wanted is None and address:
        return _cloud_at(address, file)
    if not file.exists():
        if wanted:
            raise PlaceError(f"No local cloud runs in {folder()}; `make up` starts one.")
        return None
    cloud = _read(file)
    # Never on to AWS from here: whoever meant the local cloud would change the real one.
    if not _answers(cloud.endpoint):
        raise PlaceError(
            f"The local cloud of {folder()} is gone ({cloud.endpoint} does not answer)."
            " `make down` tidies up after it, `make up` starts another; --aws asks AWS."
        )
    return cloud


def _cloud_at(address: str, file: Path) -> LocalCloud | None:
    """The one that runs here, when the address is its own: then its broker and its keys are known,
    also where the shell still has those of an earlier start.
    """
    if not file.exists():
        return None
    cloud = _read(file)
    named, own = urlsplit(address), urlsplit(cloud.endpoint)
    same = named.hostname in ("localhost", own.hostname) and named.port == own.port
    return cloud if same else None


def _read(file: Path) -> LocalCloud:
    try:
        return LocalCloud(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise PlaceError(
            f"{file} cannot be read: {error}. `make down` and `make up` write it anew."
        ) from error


def _answers(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    try:
        with socket.create_connection((address.hostname, address.port), _KNOCK_SECONDS):
            return True
    except OSError:
        return False


def _session_of(cloud: LocalCloud) -> boto3.Session:
    """Without the person's profiles, which may be broken or lead elsewhere."""
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    core.set_credentials(cloud.access_key_id, cloud.secret_access_key)
    return boto3.Session(botocore_session=core, region_name=cloud.region)
