"""How does what cameras publish reach a function? By a topic rule of AWS IoT, for every message."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from constructs import Construct


def hand_over(
    scope: Construct,
    construct_id: str,
    *,
    name: str,
    description: str,
    sql: str,
    to: lambda_.IFunction,
    permission: str,
) -> None:
    """`permission` is the construct's name of the function's leave to be called by the rule."""
    action = iot.CfnTopicRule.LambdaActionProperty(function_arn=to.function_arn)
    rule = iot.CfnTopicRule(
        scope,
        construct_id,
        rule_name=name,
        topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
            description=description,
            sql=sql,
            aws_iot_sql_version="2016-03-23",
            actions=[iot.CfnTopicRule.ActionProperty(lambda_=action)],
        ),
    )
    to.add_permission(
        permission,
        principal=iam.ServicePrincipal("iot.amazonaws.com"),
        source_account=Stack.of(scope).account,
        source_arn=rule.attr_arn,
    )
