"""Who writes down what became of a run, and tells people? One function, for the ends of both
workflows and for the tick.
"""

from constructs import Construct

from lambdas import tell
from lensloop.settings import Settings
from lensloop.wire import names
from stacks.steps.access import Access, allow
from stacks.steps.function import Function
from stacks.storage import StorageStack


def reporter(
    scope: Construct, *, prefix: str, settings: Settings, storage: StorageStack
) -> Function:
    access, topic = Access(storage), storage.topic.topic_arn
    return Function(
        scope,
        tell.handler,
        prefix=prefix,
        settings=settings,
        storage=storage,
        may=[
            access.read(names.RUNS_PREFIX, names.DATASETS_PREFIX, names.TRAINING_PREFIX),
            access.write(names.RUNS_PREFIX),
            access.state("GetItem"),
            allow("sns:Publish", on=topic),
        ],
        timeout_seconds=300,
        memory_mb=1769,  # one vCPU: it opens the training job's archive, as the judge does
        addresses={"TOPIC_ARN": topic},
    )
