"""What wakes a person?
Alarms that tell the project's topic of news, each with a sentence on what it means.
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

# What no data in a period says.
_GOOD = cloudwatch.TreatMissingData.NOT_BREACHING
_BAD = cloudwatch.TreatMissingData.BREACHING
_KEEPS = cloudwatch.TreatMissingData.IGNORE


class Alarms(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix
        self._tell = actions.SnsAction(topic)

    def when_any(
        self,
        what: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        periods: int = 1,
        keeps: bool = False,
    ) -> None:
        """At least one, in as many periods in a row; silence is good news – or with `keeps` no
        news: the alarm stays as it is until there is a zero, and tells once.
        """
        self._alarm(
            what,
            metric,
            meaning,
            periods,
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            _KEEPS if keeps else _GOOD,
        )

    def when_none(self, what: str, metric: cloudwatch.IMetric, meaning: str) -> None:
        """Fewer than one; silence is bad news."""
        below = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
        self._alarm(what, metric, meaning, 1, below, _BAD)

    def when_it_fails(self, what: str, workflow: sfn.IStateMachine, meaning: str) -> None:
        # One alarm each, because an alarm on a sum of metrics would not run in the local cloud.
        self.when_any(f"{what}-failed", workflow.metric_failed(), meaning)
        self.when_any(f"{what}-timed-out", workflow.metric_timed_out(), meaning)

    def _alarm(
        self,
        what: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        periods: int,
        comparison: cloudwatch.ComparisonOperator,
        silence: cloudwatch.TreatMissingData,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            what.title().replace("-", ""),
            alarm_name=f"{self._prefix}-{what}",
            alarm_description=meaning,
            metric=metric,
            threshold=1,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=silence,
        )
        alarm.add_alarm_action(self._tell)


# Cameras report hourly; one that has fallen silent is then known within a quarter of an hour more.
FLEET_LOOKS_EVERY = cdk.Duration.minutes(15)
# Whose metrics: the dimension in which a look writes them, and how often it does.
TRIGGER, FLEET = ("Trigger", cdk.Duration.minutes(5)), ("Fleet", FLEET_LOOKS_EVERY)


def lensloop_metric(
    name: str, prefix: str, look: tuple[str, cdk.Duration] = TRIGGER
) -> cloudwatch.Metric:
    """What a function writes into its log in CloudWatch's embedded metric format."""
    dimension, period = look
    return cloudwatch.Metric(
        namespace="Lensloop",
        metric_name=name,
        dimensions_map={dimension: prefix},
        statistic="Maximum",
        period=period,
    )
