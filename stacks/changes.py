"""How does a change under images/ reach the trigger? S3 → EventBridge → a queue → one function that
raises a mark.
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lensloop.wire import names
from stacks.steps.access import allow

BATCHING = cdk.Duration.seconds(5)
DELIVERIES = 5  # before a batch is put aside for a person


class Changes(Construct):
    """Every created or deleted object under images/, and nothing that the system itself writes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        bucket: s3.IBucket,
        recorder: lambda_.Function,
    ) -> None:
        super().__init__(scope, construct_id)
        self.put_aside = sqs.Queue(
            self,
            "PutAside",
            queue_name=f"{prefix}-changes-put-aside",
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{prefix}-changes",
            enforce_ssl=True,
            visibility_timeout=_unseen(recorder),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.put_aside, max_receive_count=DELIVERIES
            ),
        )
        events.Rule(
            self,
            "Rule",
            rule_name=f"{prefix}-changes",
            description="A labelled picture came, changed or went",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created", "Object Deleted"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": [{"prefix": names.IMAGES_PREFIX}]},
                },
            ),
            targets=[targets.SqsQueue(queue)],
        )
        recorder.add_to_role_policy(_read(queue))
        recorder.add_event_source_mapping(
            # Also CDK's own name for it: under another one an update would make a second mapping
            # before it deletes the first, and Lambda refuses two from one queue to one function.
            f"SqsEventSource:{cdk.Names.node_unique_id(queue.node)}",
            event_source_arn=queue.queue_arn,
            # A burst becomes few invocations;
            # the wait only delays the mark, never loses a change.
            batch_size=1000,
            max_batching_window=BATCHING,
            max_concurrency=2,
            report_batch_item_failures=True,
        )


def _read(queue: sqs.IQueue) -> iam.PolicyStatement:
    """What Lambda's guide asks for; CDK's own grant adds two actions that Lambda never takes."""
    reads = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    return allow(*(f"sqs:{action}" for action in reads), on=queue.queue_arn)


def _unseen(recorder: lambda_.Function) -> cdk.Duration:
    """AWS asks for six times the function's timeout and the batching,
    so that a slow batch is not delivered twice.
    """
    assert recorder.timeout is not None
    return cdk.Duration.seconds(6 * recorder.timeout.to_seconds()).plus(BATCHING)
