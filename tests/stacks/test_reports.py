"""Does what cameras report reach the function that keeps it, and nobody else's messages?"""

from lambdas import reconcile_fleet
from tests.stacks.synthesized import Synthesized, flat
from tests.stacks.test_changes import alarmed_on


def test_the_rule_hands_on_what_cameras_report(shipped: Synthesized) -> None:
    rule = shipped.one("AWS::IoT::TopicRule")
    assert rule.properties["RuleName"] == "deeplens_trash_report"
    payload = rule.properties["TopicRulePayload"]
    assert payload["Sql"] == (
        "SELECT encode(*, 'base64') AS report, topic(2) AS thing, timestamp() AS received_at"
        " FROM 'deeplens/+/report'"
    )
    assert payload["AwsIotSqlVersion"] == "2016-03-23"  # the first that encodes a whole message
    (action,) = payload["Actions"]
    assert "RecordReport" in flat(action["Lambda"]["FunctionArn"])
    (allowed,) = [
        permission.properties
        for permission in shipped.resources("AWS::Lambda::Permission")
        if permission.properties["Principal"] == "iot.amazonaws.com"
    ]
    assert rule.name in flat(allowed["SourceArn"])
    assert flat(allowed["SourceAccount"]) == "${AWS::AccountId}"


def test_every_count_of_bad_cameras_has_an_alarm_that_tells_once(shipped: Synthesized) -> None:
    counts = {reconcile_fleet.SILENT, reconcile_fleet.WRONG}
    assert alarmed_on(shipped, "Fleet") == counts
    for alarm in shipped.resources("AWS::CloudWatch::Alarm"):
        if alarm.properties["MetricName"] in counts:
            # Between two looks there is no number: the alarm stays as it is, and tells no second
            # time what it has told.
            assert alarm.properties["TreatMissingData"] == "ignore"
