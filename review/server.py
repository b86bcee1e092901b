"""How is the page served? On this machine's loopback, at an address that nobody can guess, until
Ctrl-C.
"""

import contextlib
import getpass
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

import importers.bucket
from cli.opened import cache
from cli.place import Place
from cli.records import newest_dataset
from lensloop.wire.errors import LensloopError
from review import show
from review.app import app
from review.bucket import Bucket
from review.desk import Desk
from review.dropping import Drops
from review.features import Features
from review.frames import Frames
from review.happenings import OfPlace
from review.library import Library
from review.mapping import Mapper
from review.moving import Mover
from review.recording import Recorder
from review.right import RightLabels
from review.taking import Taking
from review.thumbnails import Thumbnails

HOST = "127.0.0.1"
_BACKLOG = 100
_GOODBYE_SECONDS = 3.0
# Of a thread's turn while others wait: at Python's 5 ms the first screen waits for seconds where
# 100,000 pictures are listed beside it.
_TURN_SECONDS = 0.0005


class PortTaken(LensloopError):
    """Another program has the port; the message says what to do."""


def desk_for(place: Place, folder: Path | None = None) -> Desk:
    bucket = Bucket(place.client("s3"), place.bucket)
    kept = folder or cache(place)
    library = Library(bucket, lambda: newest_dataset(place))
    who = _who()
    drops = Drops(
        bucket=importers.bucket.Bucket(
            importers.bucket.without_asking_first(place.client("s3")), place.bucket
        ),
        folder=kept / "dropped",
        digest=lambda: newest_dataset(place),
        settings=place.settings,
        changed=library.refresh,
        who=who,
    )
    return Desk(
        happenings=OfPlace(place),
        frames=Frames(bucket, _now, Recorder(bucket, who, _now)),
        library=library,
        mover=Mover(bucket, library),
        right=RightLabels(bucket),
        mapper=Mapper(library, Features(bucket, kept / "features")),
        drops=drops,
        taking=Taking(drops, library),
        thumbnails=Thumbnails(bucket, kept / "thumbnails"),
        place=place,
    )


def _who() -> str:
    """For records of where pictures came from."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return socket.gethostname()


def _now() -> datetime:
    return datetime.now(UTC)


@contextlib.contextmanager
def serving(desk: Desk, port: int) -> Iterator[str]:
    """Gives the address, and serves on a thread until the block ends."""
    listening = _listening(port)
    address, server = _server(desk, listening)
    thread = threading.Thread(target=server.run, args=([listening],), name="page", daemon=True)
    thread.start()
    turn = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    threading.Thread(target=desk.prepare, name="prepare", daemon=True).start()
    show.prepare()
    try:
        yield address
    finally:
        sys.setswitchinterval(turn)
        server.should_exit = True
        thread.join(_GOODBYE_SECONDS)
        listening.close()
        desk.frames.end(_GOODBYE_SECONDS)


def _server(desk: Desk, listening: socket.socket) -> tuple[str, uvicorn.Server]:
    number, token = listening.getsockname()[1], secrets.token_urlsafe(24)
    config = uvicorn.Config(
        app(desk, token, number),
        log_level="error",
        access_log=False,  # it would hold the token
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=int(_GOODBYE_SECONDS),
    )
    return f"http://{HOST}:{number}/{token}/", uvicorn.Server(config)


def _listening(port: int) -> socket.socket:
    """The wanted port; 0 takes a free one, and the printed address says which."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise PortTaken(
            f"The page cannot be served at port {port} ({error}). Name another: --port 0 takes a"
            " free one."
        ) from error
    listening.listen(_BACKLOG)
    return listening
