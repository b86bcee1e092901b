"""Which step follows from which state and facts?"""

import time
from dataclasses import replace

import pytest

from lensloop import news
from lensloop.trigger.decide import decide
from lensloop.trigger.terms import (
    RUNNING,
    STARTING,
    Acquire,
    Confirm,
    Execution,
    Facts,
    Finish,
    NoteCap,
    Pacing,
    Renumber,
    Run,
    Start,
    State,
    Step,
    StopTraining,
    Tell,
    Wait,
)

NOW = 1_700_000_000  # 2023-11-14 22:13:20 UTC
TODAY = "2023-11-14"
# Literally, so that a change of one is noticed here.
CLOCK_TOLERANCE, FORGOTTEN, MAX_BACKOFF, SETTLE = 300, 3600, 21600, 60
PACING = Pacing(quiet=120, max_wait=900, backoff=300, runs_per_day=48, max_pause=3600)
CHANGED = State(gen=5, covered=3, epoch=6, first_at=NOW - 130, last_at=NOW - 125)
STARTED = State(gen=6, covered=3, epoch=7, run=Run(7, 5, STARTING, NOW - 600))
WORKING = State(gen=6, covered=3, epoch=7, run=Run(7, 5, RUNNING, NOW - 600, digest="abc"))
ALIVE = Execution("RUNNING", NOW - 590)


def ended(
    status: str = "SUCCEEDED",
    outcome: str = "",
    *,
    stopped_at: int = NOW - SETTLE,
    digest: str = "abc",
) -> Execution:
    digest = digest if outcome else ""
    return Execution(status, NOW - 590, stopped_at, outcome, digest, ("because",))


def failed(error: str = "States.TaskFailed", cause: str = "AlgorithmError: no") -> Execution:
    """By default in the training itself."""
    return replace(ended("FAILED"), error=error, cause=cause)


QUOTA = failed(
    cause="The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances"
)
CAPACITY = failed(cause="CapacityError: Unable to provision")


def the_end(state: State, execution: Execution | None) -> Finish:
    step = decide(state, Facts(execution), NOW, PACING)
    assert isinstance(step, Finish), step
    return step


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(), Wait),
        (replace(CHANGED, covered=5), Wait),
        (CHANGED, Acquire),
        (replace(CHANGED, last_at=NOW - 119), Wait),
        (replace(CHANGED, last_at=NOW, first_at=NOW - 899), Wait),
        (replace(CHANGED, last_at=NOW, first_at=NOW - 900), Acquire),
        (replace(CHANGED, last_at=NOW, first_at=None), Acquire),  # left over from a failed run
        (replace(CHANGED, not_before=NOW + 1), Wait),
        (replace(CHANGED, not_before=NOW), Acquire),
        # a broken clock delays nothing for ever
        (replace(CHANGED, last_at=NOW + 10**6), Acquire),
        (replace(CHANGED, last_at=NOW, first_at=NOW + 10**6), Acquire),
        (replace(CHANGED, not_before=NOW + 10**6), Acquire),
    ],
)
def test_a_run_begins_when_changes_have_settled_or_waited_long_enough(
    state: State, expected: type
) -> None:
    assert isinstance(decide(state, Facts(), NOW, PACING), expected)


def test_days_are_those_of_utc_wherever_the_tick_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "EAST-13")
        time.tzset()
        step = decide(CHANGED, Facts(), NOW, PACING)
    time.tzset()
    assert step == Acquire("pictures have changed", 7, TODAY, 1, NOW)


def test_a_lease_has_the_next_epoch_and_counts_towards_its_day() -> None:
    assert decide(replace(CHANGED, spent_day=TODAY, spent_runs=4), Facts(), NOW, PACING) == Acquire(
        "pictures have changed", epoch=7, day=TODAY, runs_today=5, now=NOW
    )
    yesterday = replace(CHANGED, spent_day="2023-11-13", spent_runs=48)
    assert decide(yesterday, Facts(), NOW, PACING) == Acquire(
        "pictures have changed", 7, TODAY, 1, NOW
    )


def test_the_daily_cap_is_told_once_a_day_and_sounds_its_alarm_as_long_as_it_holds() -> None:
    spent = replace(CHANGED, spent_day=TODAY, spent_runs=48)
    text = news.as_text(news.daily_cap(48, TODAY))
    first = decide(spent, Facts(), NOW, PACING)
    assert first == NoteCap("today's 48 runs are spent", TODAY, (text,))
    then = decide(replace(spent, cap_told=TODAY), Facts(), NOW, PACING)
    assert isinstance(then, Wait)
    assert then.alarms == ("DailyCapReached",)
    blocked = decide(replace(spent, cap_told=TODAY, blocked_digest="abc"), Facts(), NOW, PACING)
    assert isinstance(blocked, Wait)
    assert blocked.alarms == ("DailyCapReached", "DigestBlocked")


@pytest.mark.parametrize(
    ("state", "facts", "expected"),
    [
        (STARTED, Facts(), Start),
        (STARTED, Facts(ALIVE), Confirm),
        (STARTED, Facts(ended("FAILED")), Confirm),
        (WORKING, Facts(ALIVE), Wait),
        (WORKING, Facts(Execution("PENDING_REDRIVE", NOW - 590)), Wait),
        (WORKING, Facts(), Wait),
        (replace(WORKING, run=Run(7, 5, RUNNING, NOW - FORGOTTEN)), Facts(), Finish),
        (
            replace(WORKING, run=Run(7, 5, RUNNING, NOW + FORGOTTEN)),
            Facts(),
            Finish,
        ),  # leased by a broken clock
        (
            replace(WORKING, run=Run(7, 5, RUNNING, NOW - FORGOTTEN)),
            Facts(None, {"j-1": "InProgress"}),
            StopTraining,
        ),
        (
            replace(WORKING, run=Run(7, 5, RUNNING, NOW - 10**6)),
            Facts(ALIVE),
            Wait,
        ),  # however long it takes
        (WORKING, Facts(ended(outcome="released")), Finish),
        (WORKING, Facts(ended("FAILED"), {"j-1": "InProgress"}), StopTraining),
        (WORKING, Facts(ended("FAILED"), {"j-1": "Failed", "j-2": "InProgress"}), StopTraining),
        (WORKING, Facts(ended("FAILED"), {"j-1": "Stopping"}), Wait),
        (WORKING, Facts(ended("FAILED"), {"j-1": "Failed", "j-2": "Completed"}), Finish),
        (WORKING, Facts(ended("FAILED"), {"j-1": "something new"}), Wait),
        (WORKING, Facts(ended("FAILED", stopped_at=NOW)), Finish),
        (WORKING, Facts(ended("ABORTED", stopped_at=NOW - SETTLE + 1)), Wait),
        (WORKING, Facts(ended("TIMED_OUT", stopped_at=NOW - SETTLE + 1)), Wait),
        (WORKING, Facts(ended("ABORTED")), Finish),
    ],
)
def test_a_run_goes_on_until_its_execution_and_its_training_are_proven_to_have_ended(
    state: State, facts: Facts, expected: type
) -> None:
    assert isinstance(decide(state, facts, NOW, PACING), expected)


def test_only_training_jobs_in_progress_are_stopped() -> None:
    jobs = {"j-2": "InProgress", "j-1": "Stopping"}
    assert decide(WORKING, Facts(ended("ABORTED"), jobs), NOW, PACING).jobs == ("j-2",)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("RUNNING", Wait), ("SUCCEEDED", Renumber), ("FAILED", Renumber), ("ABORTED", Renumber)],
)
def test_an_execution_from_before_a_restore_ends_first_and_then_gives_up_its_number(
    status: str, expected: type
) -> None:
    run = Run(7, 5, STARTING, NOW - 10)
    foreign = Execution(status, run.started_at - CLOCK_TOLERANCE - 1, NOW - SETTLE)
    assert isinstance(decide(replace(STARTED, run=run), Facts(foreign), NOW, PACING), expected)
    ours = replace(foreign, started_at=run.started_at - CLOCK_TOLERANCE)
    assert isinstance(decide(replace(STARTED, run=run), Facts(ours), NOW, PACING), Confirm)


@pytest.mark.parametrize(
    "outcome", ["nothing-new", "too-few-images", "blocked", "refused", "released", ""]
)
def test_every_good_end_covers_what_the_run_saw_and_nothing_more(outcome: str) -> None:
    end = the_end(replace(WORKING, fails=2), ended(outcome=outcome))
    assert end.changes["covered"] == 5
    assert end.changes["fails"] == 0
    assert end.changes["not_before"] is None
    assert end.changes["last_outcome"]["outcome"] == (outcome or "unknown")


def test_pictures_deleted_under_a_run_end_it_without_a_pause_and_leave_the_mark() -> None:
    outcome = {"epoch": 7, "outcome": "pictures-deleted", "at": NOW, "reasons": ["because"]}
    assert the_end(replace(WORKING, fails=2), ended(outcome="pictures-deleted")) == Finish(
        "run 7 ended: pictures-deleted", 7, "abc", {"not_before": None, "last_outcome": outcome}
    )


@pytest.mark.parametrize(
    ("fails", "pause"), [(0, 300), (1, 600), (3, 2400), (4, 3600), (10**6, 3600)]
)
def test_a_lack_of_machines_is_a_delay_that_is_told_once(fails: int, pause: int) -> None:
    state, lacking = replace(WORKING, fails=fails), ended(outcome="no-machine")
    outcome = {"epoch": 7, "outcome": "no-machine", "at": NOW, "reasons": ["because"]}
    changes = {"fails": fails + 1, "not_before": NOW + pause, "last_outcome": outcome}
    told = news.as_text(news.no_machine(7, ("because",), pause))
    end = the_end(state, lacking)
    assert end.reason == "run 7 ended: no-machine"
    assert (end.epoch, end.digest_seen, end.news) == (7, "abc", (told,))
    assert end.changes == {**changes, "told_faults": ["capacity"]}
    again = the_end(replace(state, told_faults=("quota: x", "capacity")), lacking)
    assert (again.changes, again.news) == (changes, ())
    other = the_end(replace(state, told_faults=("quota: x",)), lacking)
    assert other.changes["told_faults"] == ["quota: x", "capacity"]


@pytest.mark.parametrize(
    ("outcome", "judged"),
    [
        ("refused", True),
        ("released", True),
        ("held", True),
        ("nothing-new", False),
        ("too-few-images", False),
        ("blocked", False),
    ],
)
def test_only_a_judged_data_set_is_remembered_as_judged(outcome: str, judged: bool) -> None:
    assert ("digest" in the_end(WORKING, ended(outcome=outcome)).changes) == judged


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        ("held", {"held": "abc", "approved": None}),
        ("refused", {"held": None, "approved": None}),
        ("released", {"held": None, "approved": None}),
        ("waits-for-approval", {"held": None, "approved": None}),
        ("nothing-new", {}),
        ("too-few-images", {}),
    ],
)
def test_a_model_is_held_until_the_next_one_is_judged(
    outcome: str, changes: dict[str, str | None]
) -> None:
    end = the_end(replace(WORKING, held="old", approved="old"), ended(outcome=outcome))
    found = {name: value for name, value in end.changes.items() if name in ("held", "approved")}
    assert found == changes


def test_what_is_held_is_said_while_nothing_else_happens() -> None:
    found = decide(State(gen=3, covered=3, held="abc"), Facts(), NOW, PACING)
    assert found == Wait(
        "a model is held for a person: look at the run's page, then `lensloop approve`"
    )


OTHER = replace(PACING, standards="t1.j2")


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State(gen=3, covered=3, standards="t1.j2"), Wait),
        (State(gen=3, covered=3, standards="t1.j1"), Acquire),
        # Before the first good end there is nothing that could have changed.
        (State(), Wait),
        (State(gen=3, covered=3, standards="t1.j1", not_before=NOW + 1), Wait),
    ],
)
def test_changed_settings_are_a_reason_for_a_run(state: State, step: type) -> None:
    found = decide(state, Facts(), NOW, OTHER)
    assert isinstance(found, step)
    assert not isinstance(found, Acquire) or found.reason == "the settings have changed"


@pytest.mark.parametrize("outcome", ["nothing-new", "too-few-images", "refused", "released"])
def test_a_good_end_settles_by_which_standards_it_went(outcome: str) -> None:
    execution = replace(ended(outcome=outcome), standards="t1.j2")
    changes = the_end(replace(WORKING, standards="t1.j1", judged_by="t1.j1"), execution).changes
    assert changes["standards"] == "t1.j2"
    judged = outcome in ("refused", "released")
    assert changes.get("judged_by") == ("t1.j2" if judged else None)


def test_a_bad_end_does_not() -> None:
    changes = the_end(WORKING, ended("FAILED")).changes
    assert not {"standards", "judged_by", "digest"} & set(changes)


def test_what_was_judged_by_standards_that_nobody_noted_is_no_longer_said_to_be() -> None:
    """As by an execution that began before they were noted."""
    assert the_end(WORKING, ended(outcome="refused")).changes["judged_by"] is None


@pytest.mark.parametrize("outcome", ["nothing-new", "too-few-images", "refused", "released"])
def test_a_data_set_that_is_not_the_blocked_one_lifts_the_block(outcome: str) -> None:
    end = the_end(
        replace(WORKING, blocked_digest="old", failed_digest="old", failed_times=3),
        ended(outcome=outcome),
    )
    assert [end.changes[name] for name in ("blocked_digest", "failed_digest", "failed_times")] == [
        None
    ] * 3


def test_a_blocked_end_keeps_the_block_and_its_alarm() -> None:
    blocked = replace(WORKING, blocked_digest="abc", failed_digest="abc", failed_times=3)
    assert "blocked_digest" not in the_end(blocked, ended(outcome="blocked")).changes
    resting = decide(State(gen=3, covered=3, blocked_digest="abc"), Facts(), NOW, PACING)
    assert isinstance(resting, Wait)
    assert resting.alarms == ("DigestBlocked",)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_failed_run_clears_nothing(status: str) -> None:
    assert not {"covered", "digest"} & the_end(WORKING, ended(status)).changes.keys()


@pytest.mark.parametrize(
    ("fails", "pause"),
    [(0, 300), (1, 600), (2, 1200), (6, 19200), (7, MAX_BACKOFF), (10**6, MAX_BACKOFF)],
)
def test_each_failure_doubles_the_pause_up_to_six_hours(fails: int, pause: int) -> None:
    end = the_end(replace(WORKING, fails=fails), failed())
    assert (end.changes["not_before"] - NOW, end.changes["fails"]) == (pause, fails + 1)


@pytest.mark.parametrize(
    "execution", [QUOTA, CAPACITY, failed("KeyError", ""), ended("ABORTED"), ended("TIMED_OUT")]
)
@pytest.mark.parametrize(
    ("fails", "pause"), [(0, 300), (1, 600), (3, 2400), (4, 3600), (10**6, 3600)]
)
def test_what_says_nothing_about_the_pictures_is_tried_again_within_an_hour(
    execution: Execution, fails: int, pause: int
) -> None:
    end = the_end(replace(WORKING, fails=fails), execution)
    assert (end.changes["not_before"] - NOW, end.changes["fails"]) == (pause, fails + 1)


@pytest.mark.parametrize(
    "execution", [QUOTA, CAPACITY, failed("KeyError", ""), ended("ABORTED"), ended("TIMED_OUT")]
)
def test_only_the_training_itself_counts_against_its_pictures(execution: Execution) -> None:
    nearly = replace(WORKING, failed_digest="abc", failed_times=2)
    changes = the_end(nearly, execution).changes
    assert not {"failed_digest", "failed_times", "blocked_digest"} & changes.keys()


def test_a_fault_of_the_account_is_told_once_and_another_one_as_well() -> None:
    first = the_end(WORKING, QUOTA)
    assert len(first.news) == 1
    assert "“ml.m5.xlarge for training job usage”" in first.news[0]
    assert first.changes["told_faults"] == ["quota: ml.m5.xlarge for training job usage"]
    told = replace(WORKING, told_faults=tuple(first.changes["told_faults"]))
    again = the_end(told, QUOTA)
    assert (again.news, "told_faults" in again.changes) == ((), False)
    other = the_end(told, CAPACITY)
    assert len(other.news) == 1
    assert other.changes["told_faults"] == [*told.told_faults, "capacity"]


def test_a_rollout_that_could_not_start_was_told_by_the_workflow() -> None:
    end = the_end(WORKING, failed("StepFunctions.StateMachineDoesNotExistException", "gone"))
    assert (end.news, {"told_faults", "failed_digest"} & end.changes.keys()) == ((), set())


def test_every_failure_of_the_training_is_told_and_the_last_one_with_the_block() -> None:
    state = replace(WORKING, told_faults=("training",))
    (first,) = the_end(state, failed()).news
    assert first.startswith("retraining run 7 failed\n\n")
    assert "What broke:\n– because\n" in first
    assert "next try is in 5 min" in first
    (last,) = the_end(replace(state, failed_digest="abc", failed_times=2), failed()).news
    assert last.startswith("retraining is blocked")


@pytest.mark.parametrize(
    ("failed_digest", "failed_times", "counted", "blocked"),
    [
        ("", 0, 1, False),
        ("abc", 1, 2, False),
        ("abc", 2, 3, True),
        ("abc", 3, 4, True),
        ("other", 2, 1, False),
    ],
)
def test_the_same_data_set_failing_three_times_is_blocked(
    failed_digest: str, failed_times: int, counted: int, blocked: bool
) -> None:
    end = the_end(
        replace(WORKING, failed_digest=failed_digest, failed_times=failed_times), failed()
    )
    assert (end.changes["failed_digest"], end.changes["failed_times"]) == ("abc", counted)
    assert end.changes.get("blocked_digest") == ("abc" if blocked else None)
    text = news.as_text(news.blocked_after("abc", counted, 7, ["because"]))
    assert (end.news == (text,)) == blocked


def test_a_failure_before_there_is_a_data_set_blames_none() -> None:
    nameless = replace(WORKING, run=Run(7, 5, RUNNING, NOW - 600))
    assert (
        not {"failed_digest", "failed_times", "blocked_digest"}
        & the_end(nameless, failed()).changes.keys()
    )
    assert len(the_end(nameless, failed()).news) == 1


@pytest.mark.parametrize(
    ("execution", "subject"),
    [
        (ended("TIMED_OUT"), "retraining run 7 was timed out"),
        (ended("ABORTED"), "retraining run 7 was aborted"),
        (failed(), "retraining run 7 failed"),
        (failed("States.Runtime", "no such variable"), "retraining waits: something unforeseen"),
    ],
)
def test_every_bad_end_is_told_with_the_next_try(execution: Execution, subject: str) -> None:
    (text,) = the_end(WORKING, execution).news
    assert text.startswith(subject)
    assert "the next try is in 5 min" in text


def test_news_is_told_when_there_is_nothing_more_urgent() -> None:
    waiting = decide(replace(WORKING, news=("first", "second")), Facts(ALIVE), NOW, PACING)
    assert waiting == Tell("there is news to send", "first")
    assert isinstance(decide(replace(CHANGED, news=("first",)), Facts(), NOW, PACING), Acquire)


def test_every_subject_fits_sns() -> None:
    """At most 100 ASCII characters in one line."""
    texts = [
        *the_end(WORKING, ended("TIMED_OUT")).news,
        *the_end(replace(WORKING, failed_digest="abc", failed_times=2), failed()).news,
        *the_end(WORKING, failed()).news,
        *the_end(WORKING, QUOTA).news,
        *the_end(replace(WORKING, run=Run(7, 5, RUNNING, NOW - FORGOTTEN)), None).news,
        *decide(replace(CHANGED, spent_day=TODAY, spent_runs=48), Facts(), NOW, PACING).news,  # type: ignore[attr-defined]
    ]
    assert len(texts) == 6
    for text in texts:
        subject, gap, body = text.partition("\n\n")
        assert subject.isascii()
        assert "\n" not in subject
        assert 0 < len(subject) <= 100
        assert gap
        assert body


@pytest.mark.parametrize(
    ("state", "execution", "until"),
    [
        (replace(CHANGED, last_at=NOW - 5), None, NOW + 115),  # quiet
        (replace(CHANGED, last_at=NOW, first_at=NOW - 850), None, NOW + 50),  # waited too long
        (replace(CHANGED, not_before=NOW + 77), None, NOW + 77),
        (replace(CHANGED, spent_day=TODAY, spent_runs=48, cap_told=TODAY), None, 1_700_006_400),
        (WORKING, ended("ABORTED", stopped_at=NOW - 20), NOW + 40),
        (WORKING, ALIVE, None),
        (State(), None, None),
    ],
)
def test_a_wait_says_until_when_where_that_is_known(
    state: State, execution: Execution | None, until: int | None
) -> None:
    step = decide(state, Facts(execution), NOW, PACING)
    assert isinstance(step, Wait)
    assert step.until == until


def test_a_wait_that_has_an_end_ends_then() -> None:
    """Not a second sooner; the daily cap with midnight in UTC."""
    waiting = (
        replace(CHANGED, last_at=NOW - 5),
        replace(CHANGED, last_at=NOW, first_at=NOW - 850),
        replace(CHANGED, not_before=NOW + 77),
        replace(CHANGED, spent_day=TODAY, spent_runs=48, cap_told=TODAY),
    )
    for state in waiting:
        step = decide(state, Facts(), NOW, PACING)
        assert isinstance(step, Wait)
        assert step.until is not None
        assert isinstance(decide(state, Facts(), step.until - 1, PACING), Wait)
        assert isinstance(decide(state, Facts(), step.until, PACING), Acquire)


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (State(), Wait("nothing has changed since the last finished run")),
        (
            replace(CHANGED, not_before=NOW + 21600),
            Wait("the last run did not get through; the next try is in 21600 s", until=NOW + 21600),
        ),
        (
            replace(CHANGED, last_at=NOW - 119),
            Wait("pictures are still changing", until=NOW + 1),
        ),
        (
            replace(CHANGED, first_at=NOW - 890, last_at=NOW - 10),
            Wait("pictures are still changing", until=NOW + 10),
        ),
        (
            replace(CHANGED, spent_day=TODAY, spent_runs=48, cap_told=TODAY),
            Wait("today's 48 runs are spent", ("DailyCapReached",), until=1_700_006_400),
        ),
        (STARTED, Start("run 7 has the lease", 7)),
    ],
)
def test_each_step_has_its_reason_and_says_until_when(state: State, step: Step) -> None:
    assert decide(state, Facts(), NOW, PACING) == step


@pytest.mark.parametrize(
    ("state", "facts", "step"),
    [
        (STARTED, Facts(ALIVE), Confirm("run 7 has started", 7)),
        (WORKING, Facts(), Wait("Step Functions does not show run 7 yet")),
        (WORKING, Facts(ALIVE), Wait("run 7 is running")),
        (
            WORKING,
            Facts(ended("FAILED"), {"j-2": "InProgress", "j-1": "InProgress", "j-0": "Stopping"}),
            StopTraining("run 7 has ended but its training has not", ("j-1", "j-2")),
        ),
        (
            WORKING,
            Facts(ended("FAILED"), {"j-1": "Stopping"}),
            Wait("the training of run 7 is stopping"),
        ),
        (
            WORKING,
            Facts(ended("ABORTED", stopped_at=NOW - 59)),
            Wait("run 7 was stopped a moment ago", until=NOW + 1),
        ),
        (
            STARTED,
            Facts(Execution("FAILED", NOW - 600 - 301, NOW - 60)),
            Renumber("run 7 is from before a restore", 7),
        ),
        (
            replace(WORKING, news=("first", "second")),
            Facts(ALIVE),
            Tell("there is news to send", "first"),
        ),
    ],
)
def test_a_run_that_goes_on_says_where_it_is(state: State, facts: Facts, step: Step) -> None:
    assert decide(state, facts, NOW, PACING) == step


def test_a_good_end_is_remembered_whole() -> None:
    outcome = {"epoch": 7, "outcome": "released", "at": NOW, "reasons": ["because"]}
    assert the_end(WORKING, ended(outcome="released")) == Finish(
        "run 7 ended: released",
        7,
        "abc",
        {
            "covered": 5,
            "fails": 0,
            "not_before": None,
            "told_faults": None,
            "digest": "abc",
            "judged_by": None,
            "held": None,
            "approved": None,
            "failed_digest": None,
            "failed_times": None,
            "blocked_digest": None,
            "last_outcome": outcome,
        },
    )


@pytest.mark.parametrize(
    ("execution", "ending", "reasons"),
    [
        (failed(), "failed", ["because"]),
        (ended("TIMED_OUT"), "timed out", ["because"]),
        (None, "forgotten by Step Functions", []),
    ],
)
def test_a_bad_end_is_remembered_whole(
    execution: Execution | None, ending: str, reasons: list[str]
) -> None:
    state = replace(WORKING, run=Run(7, 5, RUNNING, NOW - 3600, digest="abc"))
    end = the_end(state, execution)
    assert (end.reason, end.epoch, end.digest_seen) == (f"run 7 ended: {ending}", 7, "abc")
    assert end.changes == {
        "fails": 1,
        "not_before": NOW + 300,
        "last_outcome": {"epoch": 7, "outcome": ending, "at": NOW, "reasons": reasons},
        **({"failed_digest": "abc", "failed_times": 1} if ending == "failed" else {}),
    }


# A model from elsewhere

TRYING = replace(WORKING, imported="m1", digest="abc")


def tried(outcome: str) -> Execution:
    return replace(ended(outcome=outcome), imported="m1")


@pytest.mark.parametrize("outcome", ["refused", "held", "released"])
def test_after_a_verdict_an_import_is_not_tried_again(outcome: str) -> None:
    assert the_end(TRYING, tried(outcome)).changes["import_judged"] == "m1"
    assert TRYING.to_import == "m1"
    assert replace(TRYING, import_judged="m1").to_import == ""


def test_an_import_waits_where_there_was_no_verdict() -> None:
    assert "import_judged" not in the_end(TRYING, tried("too-few-images")).changes


def test_a_refused_import_says_nothing_about_a_training_on_the_same_pictures() -> None:
    end = the_end(replace(TRYING, digest="old"), tried("refused"))
    assert "covered" not in end.changes  # the next run trains on them
    assert not {"digest", "judged_by", "held"} & set(end.changes)


def test_pictures_that_were_judged_before_need_no_run_after_a_refused_import() -> None:
    end = the_end(TRYING, tried("refused"))
    assert end.changes["covered"] == 5
    assert "digest" not in end.changes
    assert end.changes["last_outcome"]["outcome"] == "refused"


def test_a_released_import_is_the_verdict_on_these_pictures() -> None:
    assert the_end(TRYING, tried("released")).changes["digest"] == "abc"


def test_an_import_that_cannot_be_used_blocks_no_pictures_and_is_not_tried_again() -> None:
    end = the_end(TRYING, failed())
    assert end.changes["import_judged"] == "m1"
    assert "failed_digest" not in end.changes
    assert len(end.news) == 1


def test_an_import_that_met_a_fault_of_the_account_is_tried_again() -> None:
    end = the_end(TRYING, failed(cause="CapacityError: none"))
    assert "import_judged" not in end.changes
