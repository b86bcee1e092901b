"""How does one start a whole AWS on this machine, use it, and leave nothing behind?

    with LocalCloud(Path(".local"), port=0, mqtt_port=0) as cloud:
        outputs = cloud.deploy({"quiet_seconds": "10"})
        cloud.client("s3").upload_file("can.jpg", outputs["Bucket"], "images/metal/can.jpg")

The emulator runs in a process of its own (local/launcher.py). Where the program that started it
dies, it ends as well.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from local import leftovers, machine, ports
from local.deploy import deploy
from local.errors import LocalCloudError
from local.keys import Keys, new_keys
from local.state import Running, StateDir
from local.tools import PROJECT, search_path

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

ACCOUNT = "000000000000"
REGION = "us-east-1"
PATIENCE_TO_START = 60.0
PATIENCE_TO_STOP = 8.0


class LocalCloud:
    """`port` and `mqtt_port` of 0 take free ones;
    `minute_seconds` is how long a minute of a schedule lasts.

    `what` names to others who has it up, `say` hears of progress, and without `patched` it is the
    emulator as it comes, for the tests of the patches.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int = 0,
        mqtt_port: int = 0,
        minute_seconds: float = 3,
        what: str = "Another program",
        say: Callable[[str], None] = print,
        patched: bool = True,
    ) -> None:
        self._state = StateDir(Path(state_dir))
        self._wanted = (port, mqtt_port)
        self._minute_seconds = minute_seconds
        self._what = what
        self._say = say
        self._patched = patched
        self._server: subprocess.Popen[bytes] | None = None
        self._started = False
        self.port = self.mqtt_port = 0
        self.keys = new_keys()
        self._making = threading.Lock()
        self._clients: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> "LocalCloud":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def ca_pem(self) -> Path:
        """The certificate authority that the MQTT broker's certificate is signed with."""
        return self._state.ca

    @property
    def env(self) -> dict[str, str]:
        """Sends boto3, the AWS CLI and the CDK to this cloud, whatever profile the person has."""
        return environment(self.port, self.keys)

    def client(self, service: str) -> Any:
        """A boto3 client that talks to this cloud whatever
        the environment and ~/.aws say, a proxy for instance. Always the same one.
        """
        return self._made("client", service)

    def table(self, name: str) -> "Table":
        table: Table = self._made("resource", "dynamodb").Table(name)
        return table

    def _made(self, kind: str, service: str) -> Any:
        """To make one takes longer than a call; many threads may use it, and one makes it."""
        with self._making:
            if (kind, service) not in self._clients:
                # The name is a variable, so boto3's stubs cannot know which client it makes.
                make: Any = getattr(_session(self.keys), kind)
                made = make(service, endpoint_url=self.endpoint, config=Config(proxies={}))
                self._clients[kind, service] = made
            return self._clients[kind, service]

    def start(self, detached: bool = False) -> None:
        """Returns when everything answers.
        A detached cloud outlives this program: `make down` ends it.
        """
        with self._state.locked() as lock:
            leftovers.end(self._state.root)  # of one that was killed
            self._state.clear()
            machine.check_room(self._state.root)
            self.port, self.mqtt_port = ports.choose(
                (self._wanted[0], "LENSLOOP_PORT"), (self._wanted[1], "LENSLOOP_MQTT_PORT")
            )
            self._clients.clear()
            self._started = True
            try:
                self._state.prepare()
                self._server = self._launch(lock, detached)
                self._state.write_running(self._description(self._server.pid))
                self._wait_until_ready()
                self._state.ca.write_bytes(_get(self.port, "/_ministack/iot/ca.pem")[1])
                self._state.write_connection(self._connection())
            except BaseException:  # Ctrl-C as well: nothing may stay behind
                self.stop()
                raise

    def _description(self, pid: int) -> Running:
        now = time.strftime("%H:%M:%S")
        return Running(self._what, pid, self.port, self.mqtt_port, now, self._minute_seconds)

    def _connection(self) -> dict[str, str | int]:
        """What cli/place.py reads, and whoever else looks for the cloud of this folder."""
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            **self.keys._asdict(),
            "mqtt_host": ports.LOOPBACK,
            "mqtt_port": self.mqtt_port,
            "ca": str(self.ca_pem),
        }

    def _launch(self, lock: int, detached: bool) -> subprocess.Popen[bytes]:
        with self._state.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "local.launcher"],
                cwd=PROJECT,
                env=self._server_environment(detached),
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),
            )

    def _server_environment(self, detached: bool) -> dict[str, str]:
        """Little of the person's own environment: functions inherit it, and it may hold secrets."""
        kept = {
            name: os.environ[name]
            for name in ("HOME", "LANG", "LC_ALL", "USER", "SYSTEMROOT")
            if name in os.environ
        }
        return kept | {
            "PATH": search_path(),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(self._state.temporary),
            "AWS_ACCESS_KEY_ID": self.keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.keys.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AUTH": "true",
            "BIND_HOST": ports.LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_PORT": str(self.mqtt_port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "S3_PERSIST": "1",  # objects on disk instead of in memory
            "S3_DATA_DIR": str(self._state.objects),
            # Each worker is a Python process of about 40 MB: bounded, and soon given back.
            "LAMBDA_ACCOUNT_CONCURRENCY": "10",
            "LAMBDA_WARM_TTL_SECONDS": "12",
            "MALLOC_ARENA_MAX": "2",  # else the server's many threads keep what they once used
            "SFTP_ENABLED": "0",
            leftovers.MARK: str(self._state.root),
            "LENSLOOP_MINUTE_SECONDS": str(self._minute_seconds),
            "LENSLOOP_DETACHED": "1" if detached else "",
            "LENSLOOP_PATCHES": "all" if self._patched else "none",
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_TO_START
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                raise LocalCloudError(
                    f"The local cloud ended as it started; {self._state.log} says why."
                )
            status, body = _get(self.port, "/_ministack/ready")
            if status == 200 and json.loads(body).get("ready", True):
                return
            time.sleep(0.05)
        raise LocalCloudError(
            f"The local cloud did not answer within {PATIENCE_TO_START:.0f} s; see"
            f" {self._state.log}."
        )

    def deploy(
        self, context: dict[str, str] | None = None, app: str | None = None
    ) -> dict[str, str]:
        """Bootstraps and deploys all stacks with the real CDK CLI; returns the outputs of all
        stacks by name.

        `app` is the command that synthesizes, without it the one in cdk.json; or a folder that was
        synthesized before.
        """
        return deploy(self._state, self.env, context or {}, app, self._say)

    def stop(self) -> None:
        """Ends the cloud with everything it started
        and removes its temporary folders. Logs stay.
        """
        if not self._started:
            return
        if self._server is not None:
            _end(self._server)
        leftovers.end(self._state.root)
        self._state.clear()
        self._started, self._server = False, None


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.stdin:
        server.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(signal.SIGTERM)
    try:
        server.wait(PATIENCE_TO_STOP)
    except (
        subprocess.TimeoutExpired
    ):  # a CloudFormation custom resource that waits keeps the emulator alive
        server.kill()
        server.wait()


def environment(port: int, keys: Keys) -> dict[str, str]:
    """For programs that use the cloud at this port.
    By 127.0.0.1, because <bucket>.localhost does not resolve.
    """
    return {
        "AWS_ENDPOINT_URL": f"http://{ports.LOOPBACK}:{port}",
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": f"{ports.LOOPBACK},localhost",
        "no_proxy": f"{ports.LOOPBACK},localhost",
    }


def _session(keys: Keys) -> boto3.Session:
    """Ignores profiles and configuration files,
    so that a person's AWS_PROFILE cannot break or redirect it.
    """
    core = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    core.set_credentials(*keys)
    return boto3.Session(botocore_session=core, region_name=REGION)


def _get(port: int, path: str) -> tuple[int, bytes]:
    """Status 0 when nobody answers yet."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()
