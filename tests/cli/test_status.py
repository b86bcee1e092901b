"""Does the status say what is true at each moment, and does `watch` end when it should?"""

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from cli import show
from cli.faults import DONE, INCOMPLETE, RUN_FAILED
from cli.fleet import Camera
from cli.picture import picture, span
from cli.runs import Stand, Training, progress
from cli.status import End, Live, Status, Trigger, Waiting, end, trigger
from cli.watching import ending, target
from lensloop import record
from lensloop.record import Record, Rollout
from lensloop.trigger.terms import RUNNING, STARTING, Execution, Facts, Pacing, Run, State

NOW = 1_700_000_000
PACING = Pacing(quiet=120, max_wait=900, backoff=300, runs_per_day=48, max_pause=3600)
REST = Trigger("resting", "nothing has changed since the last finished run", None, "", 3)
WAITING = Trigger("waiting", "pictures are still changing", NOW + 75, "", 3)
BLOCKED = replace(REST, blocked="0ffd826cef00aa")
AT_WORK = Trigger("running", "run 3 is running", None, "", 3)
TRAINING = Training(
    "deeplens-trash-3-1", "InProgress", "Training", "looked at 200 of 735 pictures (41/s)"
)
RUN = Stand(3, NOW - 130, "Train", NOW - 61, "RUNNING", TRAINING)
ROLLOUT = Stand(3, NOW - 10, "Wait for canary", NOW - 8, "RUNNING")
EARLY = "looked at 16 of 75 pictures (40/s)"
LATE = "learnt from 75 of 75 pictures (9/s)"
REFUSED = End(3, "refused", ("recall of glass 0.41 is below its floor 0.50",), "", "", ())
RELEASED = End(3, "released", ("better",), "2026-11-22T12:00:00+00:00", "", ())
TO_APPROVE = replace(RELEASED, outcome="waits-for-approval", approval="waiting")
ROLLED_OUT = replace(RELEASED, rollout="rolled-out")
CANARY_FAILED = replace(
    RELEASED, rollout="canary-failed", rollout_reasons=("deeplens_a: the disk is full",)
)
QUIET = Status(
    project="deeplens-trash",
    region="eu-west-1",
    at=NOW,
    trigger=REST,
    run=None,
    rollout=None,
    live=Live(2, "0ffd826cef00aa"),
    ends=(),
    cameras=(Camera("deeplens_kitchen", "canary", "release 2 proven 12/12"),),
)


@pytest.mark.parametrize(
    ("state", "facts", "expected"),
    [
        (State(), Facts(), Trigger("resting", REST.reason, None, "", 0)),
        (
            State(gen=5, covered=3, epoch=3, first_at=NOW - 50, last_at=NOW - 45),
            Facts(),
            WAITING,
        ),
        (
            State(gen=5, covered=3, epoch=3, first_at=NOW - 50, last_at=NOW - 45, news=("a\n\nb",)),
            Facts(),
            WAITING,
        ),
        (
            State(gen=5, covered=3, epoch=3, run=Run(3, 5, RUNNING, NOW - 130)),
            Facts(Execution("RUNNING", NOW - 130)),
            AT_WORK,
        ),
        (
            State(gen=5, covered=3, epoch=3, run=Run(3, 5, STARTING, NOW)),
            Facts(),
            replace(AT_WORK, reason="run 3 has the lease"),
        ),
        (
            State(gen=5, covered=5, epoch=3, blocked_digest="0ffd826c"),
            Facts(),
            replace(REST, blocked="0ffd826c"),
        ),
    ],
)
def test_the_trigger_says_what_the_tick_would_do(
    state: State, facts: Facts, expected: Trigger
) -> None:
    assert trigger(state, facts, NOW, PACING) == expected


@pytest.mark.parametrize(
    ("status", "epoch"),
    [
        (QUIET, None),
        (replace(QUIET, trigger=WAITING), 4),
        (replace(QUIET, trigger=AT_WORK, run=RUN), 3),
        (replace(QUIET, trigger=AT_WORK), 3),  # it has the lease, and no execution yet
        (replace(QUIET, rollout=ROLLOUT), 3),
        (replace(QUIET, trigger=WAITING, rollout=ROLLOUT), 3),
    ],
)
def test_watch_looks_at_the_run_that_works_or_is_about_to(
    status: Status, epoch: int | None
) -> None:
    assert target(status) == epoch


@pytest.mark.parametrize(
    ("status", "epoch", "code"),
    [
        (replace(QUIET, trigger=WAITING), 4, None),
        (replace(QUIET, trigger=AT_WORK, run=RUN), 3, None),
        (replace(QUIET, trigger=AT_WORK, run=RUN, ends=(RELEASED,)), 3, None),  # told, not ended
        (replace(QUIET, rollout=ROLLOUT, ends=(RELEASED,)), 3, None),
        (replace(QUIET, ends=(ROLLED_OUT,)), 3, DONE),
        (replace(QUIET, ends=(RELEASED,)), 3, DONE),
        (replace(QUIET, ends=(replace(RELEASED, rollout="no-cameras"),)), 3, DONE),
        (replace(QUIET, ends=(REFUSED,)), 3, INCOMPLETE),
        (replace(QUIET, ends=(replace(REFUSED, outcome="nothing-new"),)), 3, INCOMPLETE),
        (replace(QUIET, ends=(replace(REFUSED, outcome="blocked"),)), 3, INCOMPLETE),
        (replace(QUIET, ends=(TO_APPROVE,)), 3, INCOMPLETE),
        (replace(QUIET, ends=(replace(TO_APPROVE, approval="rejected"),)), 3, INCOMPLETE),
        (replace(QUIET, ends=(replace(TO_APPROVE, approval="superseded"),)), 3, INCOMPLETE),
        (replace(QUIET, ends=(replace(TO_APPROVE, approval="approved"),)), 3, DONE),
        (replace(QUIET, ends=(CANARY_FAILED,)), 3, RUN_FAILED),
        (replace(QUIET, ends=(replace(REFUSED, outcome="failed"),)), 3, RUN_FAILED),
        (replace(QUIET, ends=(replace(REFUSED, outcome="timed-out"),)), 3, RUN_FAILED),
        (replace(QUIET, ends=(replace(REFUSED, outcome="unreadable"),)), 3, RUN_FAILED),
        (replace(QUIET, ends=()), 3, RUN_FAILED),
        (replace(QUIET, trigger=replace(AT_WORK, epoch=4), ends=(REFUSED,)), 3, INCOMPLETE),
    ],
)
def test_watch_ends_with_the_run_and_its_rollout_and_its_code_says_how(
    status: Status, epoch: int, code: int | None
) -> None:
    found = ending(status, epoch)
    assert (found.code if found else None) == code


def test_an_end_is_what_the_record_says() -> None:
    rollout: Rollout = {
        "outcome": "rolled-out",
        "reasons": [],
        "proven": 2,
        "cameras": 2,
        "ended_at": "",
        "execution": "",
    }
    written: Record = {
        **record.empty("trash", 3),
        "outcome": "released",
        "reasons": ["better"],
        "ended_at": RELEASED.ended_at,
    }
    assert end(written) == RELEASED
    assert end({**written, "rollout": rollout}) == ROLLED_OUT


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], ""),
        ([f"{EARLY}\n", "Traceback"], EARLY),
        ([EARLY, LATE], LATE),
        ([f"\x1b[2J{EARLY}"], ""),
    ],
)
def test_the_trainings_progress_is_its_newest_line_that_says_it(
    messages: list[str], expected: str
) -> None:
    assert progress(messages) == expected


def drawn(status: Status, width: int = 80, terminal: bool = False) -> str:
    file = io.StringIO()
    Console(
        file=file, width=width, force_terminal=terminal, markup=False, highlight=False, emoji=False
    ).print(picture(status))
    return file.getvalue()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (QUIET, ("resting: nothing has changed", "release 2, trained", "release 2 proven 12/12")),
        (
            replace(QUIET, trigger=WAITING),
            ("waiting: pictures are still changing, until", "(1 min 15 s)"),
        ),
        (
            replace(QUIET, trigger=AT_WORK, run=RUN),
            ("run 3  2 min 10 s so far, at: Train (1 min 1 s)", "looked at 200 of 735 pictures"),
        ),
        (replace(QUIET, trigger=BLOCKED), ("blocked training on data set 0ffd", "clear-block`")),
        (replace(QUIET, ends=(REFUSED,)), ("refused", "recall of glass 0.41")),
        (replace(QUIET, rollout=ROLLOUT), ("rollout 3  10 s so far, at: Wait for canary (8 s)",)),
        (replace(QUIET, ends=(CANARY_FAILED,)), ("released, canary-failed", "the disk is full")),
        (
            replace(QUIET, waiting=Waiting(3, "0ffd826cef00aa")),
            ("waits release 3, for your approval", "lensloop approve 3", "lensloop reject 3"),
        ),
        (replace(QUIET, ends=(TO_APPROVE,)), ("3", "waits-for-approval")),
        (replace(QUIET, ends=(replace(TO_APPROVE, approval="rejected"),)), ("rejected better",)),
        (replace(QUIET, live=None, cameras=()), ("no release yet", "lensloop camera add")),
        (
            replace(QUIET, live=Live(2, "0ffd826cef00aa", "it cannot tell")),
            ("live release 2, trained on data set 0ffd826cef00; it cannot tell",),
        ),
    ],
)
def test_each_moment_of_the_loop_can_be_read(status: Status, says: tuple[str, ...]) -> None:
    shown = " ".join(drawn(status, width=120).split())
    for words in says:
        assert " ".join(words.split()) in shown


HOSTILE = "\x1b]0;owned\x07[red]glass[/red] \u202egpj\x9b2J"


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80])
def test_names_from_strangers_neither_steer_the_terminal_nor_become_markup(
    terminal: bool, width: int
) -> None:
    reasons = (HOSTILE,)
    status = replace(
        QUIET,
        trigger=replace(WAITING, reason=HOSTILE, blocked=HOSTILE),
        run=replace(RUN, step=HOSTILE, training=replace(TRAINING, progress=HOSTILE)),
        live=Live(2, HOSTILE),
        ends=(End(3, HOSTILE, reasons, "", HOSTILE, reasons),),
        cameras=(Camera(HOSTILE, "fleet", HOSTILE),),
    )
    text = drawn(status, width, terminal)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert (bare == text) is not terminal  # colours are ours, and only for a terminal
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", bare)
    assert all(len(line) <= width for line in bare.splitlines())
    if width == 80:
        assert "\\u001b]0;owned\\u0007[red]glass[/red] \\u202egpj\\u009b2J" in bare


@pytest.mark.parametrize(
    "label", ["M\u00fcll", "燃えるごみ", "可回收物", "paper & cardboard", "non-recyclable (mixed)"]
)
def test_labels_of_any_script_are_read_as_they_are(label: str) -> None:
    reasons = (f"recall of {label} 0.41 is below its floor 0.50",)
    status = replace(QUIET, ends=(replace(REFUSED, reasons=reasons),))
    assert label in drawn(status, 80)
    assert json.loads(show.as_json(status))["ends"][0]["reasons"] == list(reasons)


def test_json_is_plain_ascii_whatever_is_in_it() -> None:
    text = show.as_json(replace(QUIET, project=HOSTILE + "\x7f"))
    assert text.isascii()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3661, "1 h 1 min")],
)
def test_a_span_of_time_is_read_at_a_glance(seconds: int, words: str) -> None:
    assert span(seconds) == words
