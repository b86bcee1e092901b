"""A program with a local cloud in which a function's worker
and a training job run: `busy.py <state> leave|wait`.
"""

import sys
import time
from pathlib import Path

from account import Aws, request

from local.cloud import LocalCloud


def main(state: str, then: str) -> None:
    with LocalCloud(Path(state), say=lambda text: None) as cloud:
        aws = Aws(cloud)
        aws.lambda_.invoke(FunctionName=aws.function("def handler(event, context): return event"))
        job = request(aws, "import time; time.sleep(60)", aws.bucket(), EnableNetworkIsolation=True)
        aws.sagemaker.create_training_job(**job)
        while _status(aws, job["TrainingJobName"]) != "Training":
            time.sleep(0.1)
        print("busy", flush=True)
        if then == "wait":
            time.sleep(60)


def _status(aws: Aws, name: str) -> str:
    return str(aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"])


if __name__ == "__main__":
    main(*sys.argv[1:])
