"""Does the local cloud start, refuse and stop as promised, and leave nothing behind?"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.place import choose
from local import leftovers
from local.cloud import LocalCloud
from local.errors import LocalCloudError
from local.state import StateDir
from local.tools import PROJECT
from tests.local.account import Aws, until

BUSY = Path(__file__).with_name("busy.py")
KEPT = {
    ".gitignore",
    "cloud.log",
    "iam.jsonl",
    "lock",
    "training-logs",
    "deploy.log",
    "outputs.json",
}


def program(state: Path, then: str, *prefix: str) -> subprocess.Popen[str]:
    """A cloud with a function's worker and a training job running."""
    return subprocess.Popen(
        [*prefix, sys.executable, str(BUSY), str(state), then],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def left_behind(state: Path) -> set[str]:
    """Processes and files that nobody asked for."""
    return {f"process {pid}" for pid in leftovers.marked(state)} | {
        file.name for file in state.iterdir()
    } - KEPT


def local(
    *arguments: str, program: str = "local", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=PROJECT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_cloud_with_workers_and_jobs_leaves_nothing_behind(tmp_path: Path) -> None:
    with program(tmp_path, "leave") as running:
        assert running.stdout is not None
        assert running.stdout.read() == "busy\n"
    assert running.returncode == 0
    assert left_behind(tmp_path) == set()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_a_program_that_is_ended_takes_its_cloud_along(
    tmp_path: Path, sign: signal.Signals
) -> None:
    with program(tmp_path, "wait") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "busy\n"
        running.send_signal(sign)
        running.wait()
        assert until(lambda: left_behind(tmp_path), lambda left: not left) == set()


@pytest.mark.skipif(
    sys.platform != "linux", reason="namespaces are how an ordinary user is made here"
)
def test_an_ordinary_user_can_run_it(tmp_path: Path) -> None:
    ordinary = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if (
        os.geteuid() == 0
        and subprocess.run([*ordinary, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine lets nobody make user namespaces")
    with program(tmp_path, "leave", *(ordinary if os.geteuid() == 0 else ())) as running:
        assert running.stdout is not None
        assert running.stdout.read() == "busy\n"
    assert running.returncode == 0
    assert left_behind(tmp_path) == set()


def test_a_second_cloud_in_the_same_place_is_refused_with_who_has_it(aws: Aws) -> None:
    place = aws.cloud._state.root
    with pytest.raises(
        LocalCloudError, match=r"has had a local cloud up here since .* Stop it with `make down`"
    ):
        LocalCloud(place).start()
    for refused in (
        local("up", LENSLOOP_LOCAL=str(place)),
        local(program="demo", LENSLOOP_LOCAL=str(place)),
    ):
        assert refused.returncode == 1
        assert "make down" in refused.stderr
    assert aws.sts.get_caller_identity()["Account"] == "000000000000"


def test_a_busy_port_is_refused_with_the_variable_that_moves_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = local("up", LENSLOOP_LOCAL=str(tmp_path), LENSLOOP_PORT=port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"Port {port} is taken by another program. Choose a free one with LENSLOOP_PORT"
    )
    assert left_behind(tmp_path) == set()


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (["status"], {}, "No local cloud is running here; `make up` starts one."),
        (["deploy"], {}, "No local cloud is running here; `make up` starts one."),
        (
            ["up"],
            {"LENSLOOP_PORT": "many"},
            "LENSLOOP_PORT is 'many'; it must be a number between 1 and 65535.",
        ),
        (
            ["deploy", "-c", "quiet"],
            {},
            "`-c quiet` must be a key and a value, as in `-c quiet_seconds=20`.",
        ),
        (["up", "--minute", "0"], {}, "--minute is 0.0; a minute must last longer than nothing."),
    ],
)
def test_mistakes_at_the_command_line_are_one_sentence(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], sentence: str
) -> None:
    refused = local(*arguments, LENSLOOP_LOCAL=str(tmp_path), **variables)
    assert (refused.returncode, refused.stderr.strip()) == (1, sentence)


def test_a_cloud_that_is_left_up_is_used_and_stopped_by_others(
    tmp_path: Path, free_ports: Callable[[], str]
) -> None:
    place = {
        "LENSLOOP_LOCAL": str(tmp_path),
        "LENSLOOP_PORT": free_ports(),
        "LENSLOOP_MQTT_PORT": free_ports(),
    }
    assert local("up", **place).stdout.startswith("Starting the local cloud …\n")
    printed = local("status", **place).stdout
    assert f"export AWS_ENDPOINT_URL=http://127.0.0.1:{place['LENSLOOP_PORT']}" in printed
    assert (
        local("down", **place).stdout
        == "Stopping the local cloud …\nThe local cloud has stopped.\n"
    )
    assert left_behind(tmp_path) == set()
    assert local("down", **place).stdout == "No local cloud was running.\n"


def test_the_command_lensloop_finds_it_by_what_it_leaves(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = aws.cloud._state
    monkeypatch.setenv("LENSLOOP_LOCAL", str(state.root))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    # Whatever a person has in the environment, the cloud that runs here answers.
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    place = choose("trash", "", None, local=None)
    assert place.client("sts").get_caller_identity()["Account"] == "000000000000"
    assert place.local is not None
    assert (place.local.mqtt_port, place.local.ca) == (aws.cloud.mqtt_port, str(aws.cloud.ca_pem))
    assert state.connection.stat().st_mode & 0o777 == 0o600


def test_missing_tools_are_named_with_what_gets_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from local import tools

    monkeypatch.setattr(tools, "PROJECT", tmp_path)
    with pytest.raises(LocalCloudError, match=r"The CDK CLI is missing .*`make install` gets it"):
        tools.cdk()
    monkeypatch.setattr(tools, "search_path", lambda: str(tmp_path))
    with pytest.raises(LocalCloudError, match=r"Node is missing; `make install`"):
        tools.cdk()


def app(folder: Path, resources: dict[str, object]) -> str:
    """A command that synthesizes, as an app does, one stack without assets."""
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "small.json"},
    }
    outputs = {"Name": {"Value": {"Ref": "It"}}}
    folder.mkdir()
    (folder / "manifest.json").write_text(
        json.dumps({"version": "36.0.0", "artifacts": {"small": stack}})
    )
    (folder / "small.json").write_text(json.dumps({"Resources": resources, "Outputs": outputs}))
    return f"cp -R {folder}/. $CDK_OUTDIR"


def test_the_real_cdk_cli_deploys_and_its_outputs_come_back(aws: Aws, tmp_path: Path) -> None:
    stacks = app(tmp_path / "good", {"It": {"Type": "AWS::S3::Bucket"}})
    printed: list[str] = []
    aws.cloud._say = printed.append
    bucket = aws.cloud.deploy(app=stacks)["Name"]
    aws.s3.head_bucket(Bucket=bucket)
    assert any("✅  small" in line for line in printed)

    broken = app(tmp_path / "broken", {"It": {"Type": "AWS::S3::Toaster"}})
    with pytest.raises(
        LocalCloudError, match=r"^The deployment failed: .*AWS::S3::Toaster.*deploy\.log\)$"
    ):
        aws.cloud.deploy(app=broken)
    with pytest.raises(LocalCloudError, match=r"^The deployment failed: `project` is 'No'"):
        aws.cloud.deploy(app="echo '`project` is '\"'No'; mend it\"; exit 1")


@pytest.mark.parametrize(
    "name", ["AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"]
)
def test_a_person_with_a_profile_or_a_proxy_still_reaches_it(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for exempt in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(exempt, raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setattr(aws.cloud, "_clients", {})  # none that was made before
    assert aws.cloud.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_functions_see_nothing_of_the_persons_environment(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "x")
    environment = aws.cloud._server_environment(detached=False)
    assert "MY_SECRET" not in environment


def test_stopping_takes_no_longer_than_a_person_waits(tmp_path: Path) -> None:
    cloud = LocalCloud(tmp_path, say=lambda text: None)
    cloud.start()
    began = time.monotonic()
    cloud.stop()
    cloud.stop()
    assert time.monotonic() - began < 5


def test_a_new_cloud_has_no_logs_of_an_older_ones_jobs_and_nothing_to_commit(
    tmp_path: Path,
) -> None:
    root = tmp_path / "new"
    with StateDir(root).locked():
        assert (root / ".gitignore").read_text() == "*\n"
        assert root.stat().st_mode & 0o777 == 0o700
    old = root / "training-logs" / "deeplens-trash-7-1.log"
    old.parent.mkdir()
    old.write_text("of yesterday")
    StateDir(root).prepare()
    assert list(old.parent.iterdir()) == []


def test_a_folder_that_was_there_keeps_what_it_says_to_git(tmp_path: Path) -> None:
    with StateDir(tmp_path).locked():
        assert not (tmp_path / ".gitignore").exists()
