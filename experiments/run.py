"""How does the SageMaker SDK start an experiment? `python run.py PLAN ANSWER`, in the environment
that `make experiments` makes.

PLAN is what `lensloop.experiment.plan` makes; ANSWER is written when the job is: {"job", "image"}.
Nothing of ours is imported here, because nothing of ours is there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from sagemaker.core import image_uris
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import (
    Channel,
    Compute,
    DataSource,
    MetricDefinition,
    Networking,
    OutputDataConfig,
    S3DataSource,
    StoppingCondition,
    Tag,
)


def main(plan_file: str, answer_file: str) -> None:
    plan = json.loads(Path(plan_file).read_text("utf-8"))
    image = image_uris.retrieve(**plan["image"], image_scope="training")
    trainer = trainer_of(plan["base_job_name"], image, plan["request"])
    trainer.train(wait=False, logs=False)
    job = trainer._latest_training_job.training_job_name
    Path(answer_file).write_text(json.dumps({"job": job, "image": image}), "utf-8")


def trainer_of(base_job_name: str, image: str, request: dict[str, Any]) -> ModelTrainer:
    """`request` is in the words of CreateTrainingJob, without name and image."""
    resources, stopping = request["ResourceConfig"], request["StoppingCondition"]
    trainer = ModelTrainer(
        base_job_name=base_job_name,
        training_image=image,
        role=request["RoleArn"],
        compute=Compute(
            instance_type=resources["InstanceType"],
            instance_count=resources["InstanceCount"],
            volume_size_in_gb=resources["VolumeSizeInGB"],
            enable_managed_spot_training=request["EnableManagedSpotTraining"],
        ),
        networking=Networking(enable_network_isolation=request["EnableNetworkIsolation"]),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=stopping["MaxRuntimeInSeconds"],
            max_wait_time_in_seconds=stopping.get("MaxWaitTimeInSeconds"),
        ),
        output_data_config=OutputDataConfig(
            s3_output_path=request["OutputDataConfig"]["S3OutputPath"]
        ),
        environment=request["Environment"],
        hyperparameters=request["HyperParameters"],
        input_data_config=[_channel(channel) for channel in request["InputDataConfig"]],
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in request["Tags"]],
    )
    metrics = request["AlgorithmSpecification"]["MetricDefinitions"]
    return trainer.with_metric_definitions(
        [MetricDefinition(name=metric["Name"], regex=metric["Regex"]) for metric in metrics]
    )


def _channel(channel: dict[str, Any]) -> Channel:
    source = channel["DataSource"]["S3DataSource"]
    return Channel(
        channel_name=channel["ChannelName"],
        input_mode=channel["InputMode"],
        data_source=DataSource(
            s3_data_source=S3DataSource(
                s3_data_type=source["S3DataType"],
                s3_uri=source["S3Uri"],
                s3_data_distribution_type=source["S3DataDistributionType"],
            )
        ),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
