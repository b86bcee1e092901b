"""What may a person do about a rollout: try it again, pause it, let it go on? Each answer is
whether, and a sentence.
"""

from dataclasses import dataclass

from lensloop.rollout import PROVEN, TRIED

# "unfinished" is the retraining's, where nothing is new: a rollout broke, or nobody answered it.
RETRY, UNFINISHED, PAUSE, RESUME, GO_ON = "retry", "unfinished", "pause", "resume", "go-on"


@dataclass(frozen=True)
class Stand:
    """`candidate`: the newest release that was handed to a rollout; epochs are 0 for none.

    `running`: whether any rollout runs. `paused`: whether a person has said so. `stopped`: whether
    too many cameras of the fleet failed the live release. `by_shares`: whether a share of the fleet
    is still to get it. `asked`: whether any camera has an order for the candidate.
    """

    candidate: int
    state: str  # the candidate's
    live: int
    running: bool
    paused: bool
    stopped: bool = False
    by_shares: bool = False
    asked: bool = True

    @property
    def is_live(self) -> bool:
        return bool(self.candidate) and self.live == self.candidate

    @property
    def is_unfinished(self) -> bool:
        """Nobody has decided that it ends here."""
        between = self.is_live and self.by_shares and not self.stopped
        return self.state == TRIED or between


@dataclass(frozen=True)
class Step:
    """`roll_out`: the epoch of a rollout to start, 0 for none."""

    did: bool
    sentence: str
    roll_out: int = 0


def steer(decision: str, stand: Stand, interrupted: int = 0) -> Step:
    """`interrupted`: the release whose rollout a pause has ended; 0 for none."""
    if decision == UNFINISHED and not stand.is_unfinished:
        return _nothing("Nothing is unfinished.")
    if decision in (RETRY, UNFINISHED):
        return _retry(stand)
    if decision == PAUSE:
        return _pause(stand)
    if decision == RESUME:
        return _resume(stand, interrupted)
    if decision == GO_ON:
        return _go_on(stand)
    return _nothing(f"Nobody knows how to {decision!r} a rollout.")


def _retry(stand: Stand) -> Step:
    release = f"Release {stand.candidate}"
    if not stand.candidate:
        return _nothing("No release was rolled out yet, so there is none to try again.")
    if stand.running:
        return _nothing("A rollout is running; wait for its end, or `lensloop pause` it.")
    if stand.paused:
        return _nothing("Rollouts are paused: `lensloop resume` lets them go on.")
    if stand.live > stand.candidate:
        return _nothing(f"Release {stand.live} is live, which is newer: {release} stays unused.")
    if stand.is_live and not stand.stopped and not stand.by_shares:
        return _nothing(
            f"{release} is live already: a camera that does not run it is ordered it again by"
            " itself."
        )
    return Step(True, f"{release} is rolled out again, from the canaries on.", stand.candidate)


def _pause(stand: Stand) -> Step:
    if stand.paused:
        return _nothing("Rollouts are paused already: `lensloop resume` lets them go on.")
    if not stand.running:
        return Step(True, "No rollout runs now; the next one waits for `lensloop resume`.")
    return Step(
        True,
        "The rollout is paused: cameras that have not begun will not, those that have may finish."
        " `lensloop resume` lets it go on.",
    )


def _resume(stand: Stand, interrupted: int) -> Step:
    if not stand.paused:
        return _nothing("No rollout is paused, so nothing was changed.")
    waits = stand.state == TRIED or (stand.state == PROVEN and interrupted == stand.candidate)
    if not waits or stand.live > stand.candidate:
        return Step(True, "Rollouts may begin again; none was waiting.")
    if stand.state == PROVEN and stand.live != stand.candidate:
        return Step(True, f"Rollouts may begin again; release {stand.candidate} was taken back.")
    return Step(
        True,
        f"The rollout of release {stand.candidate} goes on; cameras that run it already answer at"
        " once.",
        stand.candidate,
    )


def _go_on(stand: Stand) -> Step:
    if not stand.running or not (stand.state == TRIED or stand.is_live):
        return _nothing("No rollout waits for cameras, so there is nothing to decide.")
    if not stand.asked:
        return _nothing(
            f"The rollout of release {stand.candidate} has not begun: no camera was asked yet. It"
            " waits for its window (`rollout_window`)."
        )
    return Step(
        True,
        f"The cameras that have answered decide about release {stand.candidate}, at the next look,"
        " and its bake time ends; if none has, it goes on without them. Who is offline keeps the"
        " order.",
    )


def _nothing(why: str) -> Step:
    return Step(False, why)
