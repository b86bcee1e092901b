"""Is a frame of a video taken when something has changed, and each time the same?"""

from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from importers import video
from importers.source import Asked, SourceError
from importers.sources import opened
from lensloop.wire.picture import phash
from lensloop.wire.uncertain import alike
from tests.importers.conftest import drawn


def filmed(file: Path, *scenes: int, each: int = 30) -> Path:
    """Thirty frames a second; each scene for a second."""
    with av.open(str(file), "w") as made:
        stream = made.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for scene in scenes:
            image = drawn(scene).resize((320, 240), Image.Resampling.NEAREST)
            for _ in range(each):
                frame: Any = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
                for packet in stream.encode(frame):
                    made.mux(packet)
        for packet in stream.encode():
            made.mux(packet)
    return file


def asked(file: Path, label: str = "glass") -> Asked:
    return Asked(f"video:{file}", file.parent, lambda service: None, label=label)


def taken(file: Path) -> list[tuple[str, bytes]]:
    with opened(asked(file)) as source:
        return [(found.path, found.read()) for found in source.found()]


def test_each_scene_is_taken_once_and_each_time_the_same(tmp_path: Path) -> None:
    file = filmed(tmp_path / "kitchen.mp4", 1, 2, 3, 1)
    found = taken(file)
    assert len(found) == 3
    assert [name.partition("-")[0] for name, _ in found] == ["kitchen"] * 3
    assert taken(file) == found
    with opened(asked(file)) as source:
        assert {one.label for one in source.found()} == {"glass"}


def test_a_video_that_never_shows_the_same_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "MOST", 2)
    assert len(taken(filmed(tmp_path / "long.mp4", 1, 2, 3, 4))) == 2


@pytest.mark.parametrize("content", [b"", b"a web page"])
def test_what_is_no_video_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(content)
    with pytest.raises(SourceError, match="damaged, or no video"):
        taken(file)


def test_a_playlist_reaches_no_other_machine(tmp_path: Path) -> None:
    file = tmp_path / "x.m3u8"
    file.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError, match=r"damaged, or no video|holds no video"):
        taken(file)


def test_a_video_needs_a_label_and_a_file(tmp_path: Path) -> None:
    file = filmed(tmp_path / "a.mp4", 1, each=2)
    for one, sentence in ((asked(file, label=""), "--label"), (asked(tmp_path / "b.mp4"), "there")):
        with pytest.raises(SourceError, match=sentence), opened(one):
            pass


def test_two_scenes_are_not_alike() -> None:
    one, other = (int(phash(drawn(n).resize((320, 240))), 16) for n in (1, 2))
    assert not alike(one, other)
