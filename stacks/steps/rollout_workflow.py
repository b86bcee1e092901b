"""How does a release reach the cameras?
First the canaries; the fleet only after they have proved it, and run it for the bake time; share
after share, where the settings name several.

    Deploy to canary → Any canary?  no → the fleet's turn (each camera still proves the release
    itself)
                       yes → Wait for canary → Check canary → Canary proven?  not yet → Wait for
                       canary
    → Deploy to fleet → Any camera? → Wait for fleet → Check fleet → Fleet proven?
                       another share → Deploy to fleet
                       all of it → Rolled out

What the first wave that has cameras proves is live from then on; what it cannot prove never is, and
its cameras are ordered back to the live release (Take canary back). What the fleet cannot prove is
not live any more, and all cameras are ordered back to the release before (Take fleet back).

Ends: Rolled out · No cameras · Superseded · Paused · No answer · Canary failed ·
Fleet failed · Rollout failed (an accident).
"""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from lambdas import check_rollout, deploy_release, roll_back
from lambdas.aws import items
from lensloop.settings import Settings
from lensloop.shares import percents
from lensloop.wire import names
from stacks.steps.access import allow
from stacks.steps.jsonata import EPOCH, jsonata
from stacks.steps.orders import Orders
from stacks.steps.step import Call, Step
from stacks.steps.workflow import ANY_ERROR, Workflow
from stacks.storage import StorageStack

_OTHER_STEPS = Duration.hours(1)
_DAY = 24 * 60  # minutes; each wave may find its window closed for nearly as long
_REASONS = "[$canary.reasons, $fleet.reasons]"
# What both steps write: a release that no camera is there to prove is live as it is deployed.
_MOVED = (items.ROLLOUT, items.CANDIDATE, items.LIVE, items.PROVED)


class RolloutWorkflow(Workflow):
    def __init__(
        self,
        scope: Construct,
        *,
        prefix: str,
        settings: Settings,
        storage: StorageStack,
        presign: iam.IRole,
        tell: lambda_.IFunction,
    ) -> None:
        super().__init__(
            scope,
            "Rollout",
            name="rollout",
            prefix=prefix,
            settings=settings,
            storage=storage,
            tell=tell,
            keeps=("canary", "fleet", "back"),
        )
        self._orders = Orders(Stack.of(self), prefix, storage, presign)
        self._superseded = self.end("Superseded", "superseded", reasons=_REASONS)
        self._paused = self.end("Paused", "paused", reasons=_REASONS)
        self._no_answer = self.end("No answer", "unanswered", reasons=_REASONS)
        take_back = self._take_canary_back(tell)
        self.roll_back = take_back.function
        rolled_out = self.end("Rolled out", "rolled-out", reasons=_REASONS)

        canary = self._deploy_to_canary()
        turn = {"share": "$fleet ? $fleet.share : 1"}
        fleet = self.again("Deploy to fleet", canary, payload=_wave("fleet") | turn, keep="fleet")
        check_canary = self._check_canary()
        check_fleet = self.again(
            "Check fleet", check_canary, payload=_waiting("fleet"), keep="fleet"
        )
        take_fleet_back = Call(
            self, "Take fleet back", take_back.function, payload=_wave("fleet"), keep="back"
        )
        fleet.next(
            self.ask(
                "Any camera?",
                *self._stopped("fleet"),
                ("$fleet.state = 'held'", self._hold("fleet", fleet)),
                (
                    "$fleet.cameras > 0",
                    self._wait(
                        "fleet", check_fleet, take_fleet_back, then=rolled_out, next_share=fleet
                    ),
                ),
                ("$canary.cameras > 0", rolled_out),
                otherwise=self.end("No cameras", "no-cameras", reasons="[]"),
            )
        )
        canary.next(
            self.ask(
                "Any canary?",
                *self._stopped("canary"),
                ("$canary.state = 'held'", self._hold("canary", canary)),
                ("$canary.cameras > 0", self._wait("canary", check_canary, take_back, then=fleet)),
                otherwise=fleet,
            )
        )
        self.machine = self.state_machine(canary, timeout=self._longest_rollout(), grants=[])

    def _stopped(self, wave: str) -> list[tuple[str, sfn.IChainable]]:
        """What ends the rollout from outside."""
        return [
            (f"${wave}.state = 'superseded'", self._superseded),
            (f"${wave}.state = 'paused'", self._paused),
        ]

    def _hold(self, wave: str, deploy: Call) -> sfn.Wait:
        """Until its window opens."""
        wait = sfn.Wait.jsonata(
            self, f"Hold {wave}", time=sfn.WaitTime.seconds(jsonata(f"${wave}.wait_seconds"))
        )
        wait.next(deploy)
        return wait

    # Steps

    def _deploy_to_canary(self) -> Step:
        orders = self._orders
        return self.step(
            "Deploy to canary",
            deploy_release.handler,
            payload=_wave("canary"),
            keep="canary",
            may=[
                self.access.state("GetItem", "Scan"),
                self.access.updates(*_MOVED, items.PRODUCTION),
                self.access.read(names.RELEASES_PREFIX),
                self.access.versions("UpdateModelPackage"),
                allow("iot:CreateJob", on=[*orders.jobs, *orders.groups.values(), orders.things]),
                allow("iot:DescribeJob", "iot:CancelJob", on=orders.jobs),
                orders.list_groups(),
                orders.presign(),
            ],
            timeout_seconds=120,
            addresses=orders.addresses,
        )

    def _check_canary(self) -> Step:
        orders = self._orders
        looks = ("iot:DescribeJob", "iot:CancelJob", "iot:ListJobExecutionsForJob")
        return self.step(
            "Check canary",
            check_rollout.handler,
            payload=_waiting("canary"),
            keep="canary",
            may=[
                self.access.state("GetItem", "Scan"),
                self.access.updates(*_MOVED),
                self.access.versions("UpdateModelPackage"),
                allow(*looks, on=orders.jobs),
                allow("iot:DescribeJobExecution", on=[*orders.jobs, orders.things]),
                orders.list_groups(),
            ],
            # One call for every camera that answered, a few tens of milliseconds each: for
            # thousands of cameras, minutes.
            timeout_seconds=900,
            addresses=orders.groups,
        )

    def _take_canary_back(self, tell: lambda_.IFunction) -> Step:
        """The same function is the one that `lensloop rollback` calls."""
        orders, storage = self._orders, self._storage
        return self.step(
            "Take canary back",
            roll_back.handler,
            payload=_wave("canary"),
            keep="back",
            caught=False,  # the wave has failed, whatever becomes of this
            may=[
                self.access.state("GetItem", "Scan"),
                self.access.updates(
                    *(items.LIVE, items.CANDIDATE, items.ROLLOUT, items.ROLLBACK, items.PRODUCTION),
                    items.SIGNATURE,
                ),
                self.access.read(names.RELEASES_PREFIX),
                self.access.versions("UpdateModelPackage"),
                self.access.sign(),
                allow("iot:CreateJob", on=[*orders.jobs, *orders.groups.values()]),
                allow("iot:CancelJob", on=orders.jobs),
                allow("iot:ListJobExecutionsForThing", on=orders.things),
                orders.list_groups(),
                orders.presign(),
                allow("lambda:InvokeFunction", on=tell.function_arn),
            ],
            timeout_seconds=300,  # a question to AWS IoT for each camera with an order of its own
            addresses={
                "RELEASE_KEY": storage.first_key,
                "TELL_FUNCTION": tell.function_name,
                **orders.addresses,
            },
        )

    def _wait(
        self,
        wave: str,
        check: Call,
        take_back: Call,
        then: sfn.IChainable,
        next_share: sfn.IChainable | None = None,
    ) -> sfn.Wait:
        """Looks again and again, less often as time passes,
        until the wave is proven, failed or superseded.
        """
        more = [(f"${wave}.state = 'goes-on'", next_share)] if next_share else []
        failed = self.failing_end(
            f"{wave.capitalize()} failed",
            f"{wave}-failed",
            error=f"{wave.capitalize()}Failed",
            cause=f"$join([${wave}.reasons], '; ')",
        )
        take_back.add_catch(failed, errors=ANY_ERROR)
        take_back.next(failed)
        wait = sfn.Wait.jsonata(
            self, f"Wait for {wave}", time=sfn.WaitTime.seconds(jsonata(f"${wave}.wait_seconds"))
        )
        proven = self.ask(
            f"{wave.capitalize()} proven?",
            (f"${wave}.state in ['proven', 'skipped']", then),
            *more,
            (f"${wave}.state = 'waiting'", wait),
            *self._stopped(wave),
            (f"${wave}.state = 'unanswered'", self._no_answer),
            otherwise=take_back,
        )
        wait.next(check).next(proven)
        return wait

    def _longest_rollout(self) -> Duration:
        settings = self._settings
        shares = len(percents(settings.rollout_wave_percents))
        waves = settings.canary_timeout_minutes + shares * settings.fleet_timeout_minutes
        baked = shares * settings.rollout_bake_minutes  # the last share is not, the canaries are
        held = (1 + shares) * _DAY if settings.rollout_window else 0
        return Duration.minutes(waves + baked + held + _OTHER_STEPS.to_minutes())


def _wave(wave: str) -> dict[str, str]:
    """The execution's name says which try it is."""
    return {"epoch": EPOCH, "wave": f"'{wave}'", "execution": "$states.context.Execution.Name"}


def _waiting(wave: str) -> dict[str, str]:
    kept = ("job", "share", "is_share", "started_at", "proved_at")
    return _wave(wave) | {name: f"${wave}.{name}" for name in kept}
