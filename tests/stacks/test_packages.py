"""Other people's packages: fetched once, however many ask for them."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stacks.assets import packages


def test_syntheses_at_the_same_time_fetch_a_package_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def slow(requirements: str, target: packages.Target, folder: Path) -> None:
        fetched.append(requirements)
        time.sleep(0.1)
        folder.mkdir()
        (folder / "module.py").touch()

    monkeypatch.setattr(packages, "fetch", slow)
    (tmp_path / "requirements.txt").write_text("given==1.0 \\\n    --hash=sha256:00\n")
    with ThreadPoolExecutor(4) as four:
        folders = list(four.map(lambda _: packages.unpacked(tmp_path, "given"), range(4)))
    assert len(fetched) == 1
    assert [sorted(path.name for path in folder.iterdir()) for folder in folders] == [
        ["module.py"]
    ] * 4
