"""Does the whole loop work, and what does it bring where cameras see other pictures? `make demo`
and `make demo-gap` tell one story each, on the local cloud, and claim nothing that they have not
seen.
"""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

INTERRUPTED = 130
REFUSED = 3  # not 1, a failure, and not 2, which argparse and make use


def main(argv: list[str]) -> int:
    """0 only when every step of the story was seen; REFUSED when the user's own pictures made no
    release, which is a result.
    """
    options = _options(argv)
    state = Path(os.environ.get("LENSLOOP_LOCAL") or ".local").resolve()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # What the story needs takes a second to import; Ctrl-C must be understood by then.
    from demo.errors import DemoFailed
    from local import machine
    from local.errors import LocalCloudError

    try:
        return _told(options, state)
    except KeyboardInterrupt:
        print(
            "\nStopped half-way: everything that the demo started has ended. The logs are in"
            f" {state}.",
            file=sys.stderr,
        )
        return INTERRUPTED
    except DemoFailed as failure:
        return _failed(str(failure), failure.log or state / "cloud.log")
    except LocalCloudError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as error:
        if not (fault := machine.sentence(error)):
            raise
        print(f"\n{fault}", file=sys.stderr)
        return 1


def _told(options: argparse.Namespace, state: Path) -> int:
    from demo import run
    from demo.gap import run as gap

    how = (options.keep, options.folders_are_labels)
    if options.gap:
        refusal = gap.run(state, options.images, options.new, *how)
    else:
        refusal = run.run(state, options.images, *how)
    return REFUSED if refusal else 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(argv)
    if options.gap and bool(options.images) != bool(options.new):
        parser.error("the gap's story needs IMAGES=<folder> and NEW=<folder>, or neither")
    if options.new and not options.gap:
        parser.error("NEW=<folder> is for the gap's story: make demo-gap")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Watch the whole loop on this machine."
    )
    parser.add_argument(
        "--images",
        type=Path,
        help="folder of label folders with pictures, instead of drawn pictures",
    )
    parser.add_argument(
        "--gap", action="store_true", help="the story of a new place, and what answers bring there"
    )
    parser.add_argument(
        "--new", type=Path, help="with --gap and --images: such a folder, of the same labels there"
    )
    parser.add_argument(
        "--folders-are-labels",
        action="store_true",
        help="each folder directly in IMAGES is a label, also where it looks like no label",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the local cloud and its cameras up at the end"
    )
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Once: a second Ctrl-C must not break off the tidying up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.write(sys.stderr.fileno(), b"\nStopping what the demo started ...\n")
    raise KeyboardInterrupt


def _failed(sentence: str, log: Path) -> int:
    print(f"\nThe demo failed: {sentence}", file=sys.stderr)
    if log.exists():
        tail = log.read_text(errors="replace").splitlines()[-15:]
        print(f"The end of {log}:", *(f"  {line}" for line in tail), sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
