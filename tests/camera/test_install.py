"""One command installs a camera's agent from its bundle, and the same command updates it: in a
folder instead of /, with a small stand-in for systemctl, and with the agent itself.
"""

import hashlib
import json
import os
import shutil
import signal
import site
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import install_bundle
from cli.fleet import CameraError
from cli.install_bundle import COMPUTERS, Computer, write_install_bundle
from stacks.assets.packages import Target
from tests.camera import signer
from tests.camera.conftest import certificate

THING = "deeplens_hall"
HERE = "{}.{}".format(*sys.version_info)
THIS = Computer(os.uname().machine, "this-computer", (HERE,), "pictures")
SECONDS = "1"  # for a camera that starts as fast as these; others have more

# Runs the unit's command as systemd would, and remembers its process in a file.
SYSTEMCTL = f"""#!{sys.executable}
import os, re, signal, subprocess, sys
from pathlib import Path

here = Path(__file__).parent
pid = here / "pid"

def running():
    try:
        number = int(pid.read_text())
        return number if "Z" not in Path(f"/proc/{{number}}/stat").read_text().split()[2] else 0
    except (OSError, ValueError):
        return 0

def restart():
    if running():
        os.kill(running(), signal.SIGKILL)
    unit = (here / "root/etc/systemd/system/lensloop-camera.service").read_text()
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
    settings = Path(lines["EnvironmentFile"]).read_text().splitlines()
    command = lines["ExecStart"]
    for name, value in (line.split("=", 1) for line in settings):
        command = command.replace("${{" + name + "}}", value).replace("$" + name, value)
    with (here / "log").open("ab") as log:
        where = lines["WorkingDirectory"]
        made = subprocess.Popen(command.split(), cwd=where, stdout=log, stderr=log)
    pid.write_text(str(made.pid))

verb = sys.argv[1]
if verb == "restart":
    restart()
elif verb == "show":
    print(f"MainPID={{running()}}")
elif verb == "is-active":
    sys.exit(0 if running() else 3)
"""


class Device:
    """A folder that is a computer to install.sh."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        self.root.mkdir()
        self.state = self.root / "var/lib/lensloop" / THING
        self.current = self.root / "opt/lensloop/current"
        self.systemctl = folder / "systemctl"
        self.systemctl.write_text(SYSTEMCTL)
        self.systemctl.chmod(0o755)

    def unpack(self, bundle: Path) -> Path:
        shutil.rmtree(self.folder / "lensloop", ignore_errors=True)
        with tarfile.open(bundle) as archive:
            archive.extractall(self.folder, filter="tar")
        return self.folder / "lensloop"

    def start_install(self, bundle: Path) -> "subprocess.Popen[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "PREFIX": str(self.root),
            "SYSTEMCTL": str(self.systemctl),
            "PYTHON": sys.executable,
            "STAYS_UP_SECONDS": SECONDS,
        }
        return subprocess.Popen(
            ["sh", str(bundle / "install.sh")],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def install(self, bundle: Path) -> tuple[int, str]:
        process = self.start_install(bundle)
        out, errors = process.communicate(timeout=120)
        return process.returncode, out + errors

    def runs(self) -> Path | None:
        """The folder of the agent that runs."""
        try:
            number = (self.folder / "pid").read_text()
            return Path(f"/proc/{number}/cwd").resolve(strict=True)
        except OSError:
            return None

    def stop(self) -> None:
        if self.runs():
            os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What `lensloop camera add` leaves, with a broker that is away."""
    folder = tmp_path / "home"
    folder.mkdir()
    pem, key = certificate(folder)
    (folder / "release-key.pem").write_text(signer.pem())
    config = {
        "thing": THING,
        "endpoint": "localhost",
        "port": 9,
        "project": "trash",
        "ca": pem.name,
    }
    config |= {"certificate": pem.name, "key": key.name, "keys": ["release-key.pem"]}
    (folder / "camera.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index, replaced: the packages are those of the Python that runs the tests."""

    def fetch(pins: str, target: Target, folder: Path) -> None:
        assert "onnxruntime" in pins
        assert target.platform == THIS.platform
        folder.mkdir()
        (folder / "these.pth").write_text("\n".join(site.getsitepackages()))

    monkeypatch.setattr(install_bundle, "fetch", fetch)
    monkeypatch.setattr(install_bundle, "PACKAGES", tmp_path / "packages")


@pytest.fixture
def bundle(tmp_path: Path, home: Path) -> Path:
    """With a folder of pictures, which the agent watches without a camera."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "one.jpg").write_bytes(b"it waits for its first release before it looks")
    return write_install_bundle(tmp_path / "hall.tar.gz", THIS, home, str(pictures))


def changed(bundle: Path, file: str, content: str) -> Path:
    """A newer agent: another file in it."""
    (bundle / "agent" / file).write_text(content)
    lines = []
    for line in (bundle / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        digest = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
        lines.append(f"{digest}  {name}\n")
    (bundle / "SHA256SUMS").write_text("".join(lines))
    return bundle


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_command_installs_the_agent_and_starts_it(device: Device, bundle: Path) -> None:
    code, said = device.install(device.unpack(bundle))
    assert code == 0, said
    assert device.runs() == device.current.resolve() / "agent"
    assert "is installed" in said


def test_only_the_agent_may_read_its_key(device: Device, bundle: Path) -> None:
    assert mode(bundle) == 0o600
    device.install(device.unpack(bundle))
    assert mode(device.state) == 0o700
    assert mode(device.state / "camera.key") == 0o600
    assert {path.name for path in device.state.iterdir()} >= {
        "camera.json",
        "camera.pem",
        "release-key.pem",
    }


def test_the_same_command_updates_the_agent_and_keeps_its_state(
    device: Device, bundle: Path
) -> None:
    device.install(device.unpack(bundle))
    before = device.current.resolve()
    (device.state / "state.json").write_text('{"good": [7]}')
    (device.state / "results.jsonl").write_text("{}\n")
    settings = device.root / "etc/lensloop-camera"
    settings.write_text(settings.read_text().replace("OPTIONS=", "OPTIONS=--fps 2"))

    newer = changed(device.unpack(bundle), "camera/news.py", "NEW = True\n")
    code, said = device.install(newer)

    assert code == 0, said
    assert device.runs() == device.current.resolve() / "agent" != before / "agent"
    assert (device.current / "agent/camera/news.py").exists()
    assert (device.state / "state.json").read_text() == '{"good": [7]}'
    assert (device.state / "results.jsonl").read_text() == "{}\n"
    assert "OPTIONS=--fps 2" in settings.read_text().splitlines()
    assert before.is_dir()


def test_an_update_needs_no_identity_where_an_agent_is_installed(
    device: Device, bundle: Path, tmp_path: Path
) -> None:
    device.install(device.unpack(bundle))
    update = write_install_bundle(tmp_path / "update.tar.gz", THIS)
    with tarfile.open(update) as archive:
        assert not [name for name in archive.getnames() if "/home/" in name]
    key = (device.state / "camera.key").read_bytes()
    code, said = device.install(device.unpack(update))
    assert code == 0, said
    assert (device.state / "camera.key").read_bytes() == key


def test_an_update_alone_installs_nothing(device: Device, tmp_path: Path) -> None:
    update = device.unpack(write_install_bundle(tmp_path / "update.tar.gz", THIS))
    code, said = device.install(update)
    assert code == 1
    assert "lensloop camera add" in said
    assert not device.current.exists()


# What loads and then ends is only noticed once it runs.
ENDS = "import sys\nsys.exit(0 if '--help' in sys.argv else 2)\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(ENDS, "The one from before runs again"), ("import no_such_thing\n", "nothing was changed")],
    ids=["does not stay up", "does not load"],
)
def test_an_agent_that_cannot_run_leaves_the_one_from_before(
    device: Device, bundle: Path, content: str, sentence: str
) -> None:
    device.install(device.unpack(bundle))
    before = device.current.resolve()
    code, said = device.install(changed(device.unpack(bundle), "camera/__main__.py", content))
    assert code == 1
    assert sentence in said
    assert device.current.resolve() == before
    assert device.runs() == before / "agent"


def test_an_installation_cut_anywhere_leaves_an_agent_that_runs_and_can_be_done_again(
    device: Device, bundle: Path
) -> None:
    device.install(device.unpack(bundle))
    unpacked = device.unpack(bundle)
    for moment in range(12):
        process = device.start_install(unpacked)
        time.sleep(0.15 * moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        loads = subprocess.run(
            [str(device.current / "venv/bin/python"), "-m", "camera", "--help"],
            cwd=device.current / "agent",
            capture_output=True,
        )
        assert loads.returncode == 0, f"cut {moment}"
    code, said = device.install(unpacked)
    assert code == 0, said
    folders = list((device.root / "opt/lensloop/agents").iterdir())
    assert len(folders) <= 2, "what was cut off is cleared away"


def test_a_damaged_bundle_changes_nothing(device: Device, bundle: Path) -> None:
    unpacked = device.unpack(bundle)
    (unpacked / "agent/camera/agent.py").write_text("# half of it")
    code, said = device.install(unpacked)
    assert (code, said) == (1, "The bundle is damaged. Copy it here again.\n")
    assert not device.current.exists()


@pytest.mark.parametrize(
    ("computer", "sentence"),
    [
        (Computer("sparc", THIS.platform, (HERE,)), "This bundle is for sparc"),
        (Computer(THIS.machine, THIS.platform, ("3.1",)), "packages for Python 3.1"),
    ],
    ids=["machine", "python"],
)
def test_a_bundle_for_another_computer_says_so(
    device: Device, home: Path, computer: Computer, sentence: str
) -> None:
    bundle = write_install_bundle(device.folder / "other.tar.gz", computer, home)
    code, said = device.install(device.unpack(bundle))
    assert code == 1
    assert sentence in said
    assert not device.current.exists()


def test_a_folder_without_the_key_makes_no_camera_s_bundle(home: Path, tmp_path: Path) -> None:
    (home / "camera.key").unlink()
    with pytest.raises(CameraError, match=r"lacks camera\.key"):
        write_install_bundle(tmp_path / "hall.tar.gz", THIS, home)
    assert not (tmp_path / "hall.tar.gz").exists()


def test_the_same_folder_makes_the_same_bundle(home: Path, tmp_path: Path) -> None:
    first, second = (
        write_install_bundle(tmp_path / name, THIS, home).read_bytes() for name in "ab"
    )
    assert first == second


def test_a_stock_deeplens_gets_what_its_system_can_load() -> None:
    deeplens = COMPUTERS["deeplens"]
    assert deeplens.pythons == ("3.7",)
    assert deeplens.platform.endswith("manylinux_2_17")
