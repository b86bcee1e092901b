"""How does a release reach the cameras? First the canaries; the fleet only after they have proved
it.

    Deploy to canary → Any canary?  no → the fleet's turn (each camera still proves the release
    itself)
                       yes → Wait for canary → Check canary → Canary proven?  not yet → Wait for
                       canary
    → Deploy to fleet → Any camera? → Wait for fleet → Check fleet → Fleet proven? → Rolled out

Ends: Rolled out · No cameras · Superseded · Canary failed · Fleet failed · Rollout failed (an
accident).
"""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lensloop.settings import Settings
from stacks.steps.workflow import EPOCH, Steps, grant_calls, grant_news, jsonata, state_machine

_OTHER_STEPS = Duration.hours(1)


@dataclass(frozen=True, kw_only=True)
class RolloutFunctions:
    deploy_release: lambda_.IFunction
    check_rollout: lambda_.IFunction


class RolloutWorkflow(Construct):
    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        names_prefix: str,
        functions: RolloutFunctions,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self._settings, self._functions = settings, functions
        self._steps = Steps(
            self,
            topic=topic,
            subject=names_prefix,
            about=f"'The rollout of release ' & $string({EPOCH})",
            failed="Rollout failed",
        )
        self._superseded = self._steps.end(
            "Superseded",
            "superseded",
            reasons="['A newer release is live and is rolled out instead.']",
        )
        rolled_out = self._rolled_out()

        fleet = self._deploy("fleet")
        fleet.next(
            self._steps.ask(
                "Any camera?",
                ("$fleet.superseded", self._superseded),
                ("$fleet.cameras > 0", self._wait_for("fleet", then=rolled_out)),
                ("$canary.cameras > 0", rolled_out),
                otherwise=self._no_cameras(),
            )
        )
        canary = self._deploy("canary")
        canary.next(
            self._steps.ask(
                "Any canary?",
                ("$canary.superseded", self._superseded),
                ("$canary.cameras > 0", self._wait_for("canary", then=fleet)),
                otherwise=fleet,
            )
        )
        self.state_machine = state_machine(
            self,
            f"{names_prefix}-rollout",
            canary,
            timeout=self._longest_rollout(),
            log_days=settings.log_retention_days,
            grants=[
                grant_calls(functions.deploy_release, functions.check_rollout),
                grant_news(topic),
            ],
        )

    def _deploy(self, wave: str) -> tasks.LambdaInvoke:
        payload = {"epoch": EPOCH, "wave": f"'{wave}'"}
        return self._steps.call(
            f"Deploy to {wave}", self._functions.deploy_release, payload, keep=wave
        )

    def _wait_for(self, wave: str, then: sfn.IChainable) -> sfn.Wait:
        """Looks again and again, less often as time passes, until the wave is proven, failed or
        superseded.
        """
        payload = {
            "epoch": EPOCH,
            "wave": f"'{wave}'",
            "job": f"${wave}.job",
            "started_at": f"${wave}.started_at",
        }
        check = self._steps.call(f"Check {wave}", self._functions.check_rollout, payload, keep=wave)
        wait = sfn.Wait.jsonata(
            self, f"Wait for {wave}", time=sfn.WaitTime.seconds(jsonata(f"${wave}.wait_seconds"))
        )
        proven = self._steps.ask(
            f"{wave.capitalize()} proven?",
            (f"${wave}.state = 'proven'", then),
            (f"${wave}.state = 'waiting'", wait),
            (f"${wave}.state = 'superseded'", self._superseded),
            otherwise=self._failed(wave),
        )
        wait.next(check).next(proven)
        return wait

    # Ends

    def _rolled_out(self) -> sfn.Chain:
        proven = "$sum([$canary.proven, $fleet.proven])"
        return self._steps.end(
            "Rolled out",
            "rolled-out",
            reasons="[$canary.reasons, $fleet.reasons]",
            news=(
                f"'Release ' & $string({EPOCH}) & ' is proven on ' & $string({proven}) & ({proven}"
                " = 1 ? ' camera. ' : ' cameras. ') & $join([$canary.reasons, $fleet.reasons],"
                " '; ')"
            ),
        )

    def _no_cameras(self) -> sfn.Chain:
        return self._steps.end(
            "No cameras",
            "no-cameras",
            reasons="['No camera is registered; the first one that is gets this release.']",
            news=(
                f"'Release ' & $string({EPOCH}) & ' waits for its first camera: none is registered"
                " yet. ' & 'Register one with: python -m cli camera add deeplens_<id>'"
            ),
        )

    def _failed(self, wave: str) -> sfn.Chain:
        others = {
            "canary": "' The fleet was not touched.'",
            "fleet": "' Cameras that proved it keep it.'",
        }
        return self._steps.failing_end(
            f"{wave.capitalize()} failed",
            f"{wave.capitalize()}Failed",
            cause=f"$join([${wave}.reasons], '; ')",
            news=(
                f"'Release ' & $string({EPOCH}) & ' failed on the {wave}: '"
                f" & $join([${wave}.reasons], '; ') & '.' & {others[wave]}"
            ),
        )

    def _longest_rollout(self) -> Duration:
        waves = self._settings.canary_timeout_minutes + self._settings.fleet_timeout_minutes
        return Duration.minutes(waves + _OTHER_STEPS.to_minutes())
