"""The dependencies channel: right for its interpreter,
made once, and a sentence when it cannot be made.
"""

import shutil
import zipfile
from pathlib import Path

import pytest

from stacks.assets.packages import PackagesError
from stacks.training import channel as training_channel
from stacks.training.channel import dependencies

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A project that has built nothing, without a network and without uv's cache."""
    shutil.copy(ROOT / training_channel.REQUIREMENTS, tmp_path)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.slow
def test_the_images_channel_is_for_python_3_12_and_carries_everything():
    """One compiled module of each package, for exactly
    that interpreter or for all of them, and the weights.
    """
    with zipfile.ZipFile(dependencies(ROOT, "sagemaker")) as channel:
        names = channel.namelist()
    compiled = [name for name in names if name.endswith(".so") and "cpython-" in name]
    assert {name.split("cpython-")[1][:3] for name in compiled} == {"312"}
    for package in (
        "numpy",
        "onnx",
        "onnxruntime",
        "PIL",
        "google/protobuf",
        "ml_dtypes",
        "flatbuffers",
    ):
        assert any(name.startswith(f"{package}/") for name in names), package
    assert any(name.endswith("efficientnet-lite0-57934424.pth") for name in names)


def test_the_channel_leaves_out_what_a_job_never_imports():
    with zipfile.ZipFile(dependencies(ROOT, "local")) as channel:
        names = channel.namelist()
        size = sum(entry.compress_size for entry in channel.infolist())
    assert [name for name in names if "/tests/" in name or name.endswith((".pyi", ".pyc"))] == []
    assert size < 90e6


def test_a_channel_that_is_there_needs_no_network(fresh, monkeypatch):
    built = dependencies(ROOT, "local")
    copy = fresh / ".build" / built.name
    copy.parent.mkdir()
    copy.symlink_to(built)
    assert dependencies(fresh, "local") == copy


def test_other_requirements_make_another_channel(fresh):
    built = dependencies(ROOT, "local")
    (fresh / ".build").mkdir()
    (fresh / ".build" / built.name).symlink_to(built)
    with (fresh / training_channel.REQUIREMENTS).open("a") as file:
        file.write("# changed\n")
    with pytest.raises(
        PackagesError
    ):  # it is not taken for the old one, and there is no network for a new one
        dependencies(fresh, "local")


def test_without_a_network_a_person_is_told_what_to_do(fresh):
    sentence = "needs the network the first time and not later: check it and try again"
    with pytest.raises(PackagesError, match=sentence):
        dependencies(fresh, "local")
    assert list((fresh / ".build").glob("*.zip")) == []
    assert list((fresh / ".build").glob("training-*")) == []


def test_an_unknown_platform_is_named(fresh):
    with pytest.raises(PackagesError, match="`training_platform` is 'windows'"):
        dependencies(fresh, "windows")
