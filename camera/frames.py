"""What is one frame, and what does a source say when it has none?"""

from __future__ import annotations

from typing import Any, Callable, Generator, NamedTuple, Union

from camera.layout import Layout
from camera.model import Model
from lensloop.wire.errors import LensloopError
from lensloop.wire.picture import open_picture
from lensloop.wire.prediction import Prediction


class SourceError(LensloopError):
    """There are no frames to be had; the message says what to do."""


class Frame(NamedTuple):
    name: str
    predict: Callable[[Model], Prediction]  # may raise PictureError
    picture: Callable[[], Any]  # an RGB Pillow image, for people; may raise PictureError


class Wait(NamedTuple):
    """A source has no frame now and may have one later. It is asked again after `seconds`."""

    sentence: str  # why, for a person; empty: there is nothing to say yet
    seconds: float = 0.0
    stuck: bool = False  # a driver has not come back; only a new process can be rid of it


# Ends where a folder or a video file ends. It never blocks for more than half a second, so that the
# agent can be stopped whatever happens to a camera. Closing it gives the camera back.
Frames = Generator[Union[Frame, Wait], None, None]


def of_array(name: str, array: Any, layout: Layout) -> Frame:
    """Of what a video file gives. Its layout is looked at when the frame is."""
    return Frame(
        name,
        lambda model: model.predict(layout.to_image(array)),
        picture=lambda: layout.to_image(array),
    )


def of_image(name: str, image: Any) -> Frame:
    return Frame(name, lambda model: model.predict(image), picture=lambda: image)


def of_file(name: str, data: bytes) -> Frame:
    """Of an encoded picture, by the fast way for the model."""
    return Frame(
        name, lambda model: model.predict_file(data), picture=lambda: open_picture(data, 640)
    )
