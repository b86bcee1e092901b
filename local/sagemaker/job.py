"""What happens to one training job, from Starting to its end?"""

import json
import logging
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.exceptions
from ministack.core.responses import get_region
from ministack.services import eventbridge

from local import leftovers
from local.sagemaker import images, inputs, outputs, role, toolkit
from local.sagemaker.account import account
from local.sagemaker.box import box, image
from local.sagemaker.checkpoints import Checkpoints
from local.sagemaker.requests import DEFAULT_RUNTIME

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger("lensloop")

PATIENCE_AFTER_SIGTERM = 120  # seconds that SageMaker leaves a container to end by itself
SECONDS_BETWEEN_LOGS = 1.0
NO_MACHINE = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a"
    " different ML instance type."
)

OPEN_BOX = (
    "lensloop: this machine gives no namespaces, so this job is not cut off from the network as it"
    " would be on AWS\n"
)


class JobFailure(Exception):
    """The message is the job's FailureReason."""


class TrainingJob:
    """`description` is what DescribeTrainingJob answers;
    the emulator's own state lives beside it.
    """

    def __init__(self, request: dict[str, Any], arn: str, state: Path) -> None:
        now = time.time()
        kept = {key: value for key, value in request.items() if key != "Tags"}
        self.tags = request.get("Tags", [])
        self.description: dict[str, Any] = kept | {
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "CreationTime": now,
            "LastModifiedTime": now,
            "SecondaryStatusTransitions": [],
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
            "EnableManagedSpotTraining": request.get("EnableManagedSpotTraining", False),
        }
        self._folder = state / "jobs" / self.name
        self._root = self._folder / "ml"
        self._log = state / "training-logs" / f"{self.name}.log"
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._stop_wanted = False

    @property
    def name(self) -> str:
        return str(self.description["TrainingJobName"])

    @property
    def over(self) -> bool:
        return self.description["TrainingJobStatus"] in ("Completed", "Failed", "Stopped")

    def stop(self) -> None:
        if not self.over and not self._stop_wanted:
            self._stop_wanted = True
            self._becomes("Stopping", "Stopping")
            self._signal(signal.SIGTERM)

    def run(self) -> None:
        """On a thread of its own. Whatever happens, the job ends in one of its three ends and its
        folder is gone.
        """
        self._becomes("Starting", message="Launching requested ML instances")
        try:
            self._train()
        except JobFailure as failure:
            self._fails(str(failure))
        except inputs.InputError as error:
            self._fails(f"ClientError: Data download failed: {error}")
        except botocore.exceptions.ClientError as error:
            self._fails(f"ClientError: {error}")
        except (
            Exception
        ) as error:  # our own bug must end the job as well, or its workflow would wait for ever
            logger.exception("Training job %s", self.name)
            self._fails(f"InternalServerError: {error}")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _train(self) -> None:
        endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
        variables = role.credentials(self.description["RoleArn"])
        s3 = role.client("s3", variables, endpoint)
        shutil.rmtree(self._folder, ignore_errors=True)
        inputs.write_configuration(self._root, self.description)
        if not self._launch():
            return
        self._becomes("Downloading", message="Downloading input data")
        inputs.bring_channels(self._root, self.description, s3, lambda: self._stop_wanted)
        kept = Checkpoints(self._root, self.description, s3)
        kept.bring()
        if self._stop_wanted:
            self._becomes("Stopped", "Stopped")
            return
        sent = outputs.Log(self.name, self._log, role.client("logs", variables, endpoint))
        code, timed_out = self._run_process(variables | {"AWS_ENDPOINT_URL": endpoint}, sent, kept)
        kept.carry()
        log = self._log.read_text(errors="replace")
        sent.send(unfinished=True)
        self.description["FinalMetricDataList"] = outputs.metrics(self.description, log)
        self._upload(s3, code, timed_out)
        self._end(timed_out)

    def _launch(self) -> bool:
        """AWS takes minutes for it, in which pictures may be deleted; or it has no machine, for
        which a job on spot capacity waits as long as it may (here it does not wait).
        """
        owned = account(self._state)
        if owned.lacks(self.description):
            if not self.description["EnableManagedSpotTraining"]:
                raise JobFailure(NO_MACHINE)
            self._becomes("MaxWaitTimeExceeded", "Stopped")
            return False
        until = time.monotonic() + owned.launch_seconds
        while time.monotonic() < until and not self._stop_wanted:
            time.sleep(0.1)
        return True

    def _upload(self, s3: "S3Client", code: int, timed_out: bool) -> None:
        """A job that was stopped or ran out of time still leaves what it has; one that failed
        leaves only its data.
        """
        self._becomes("Uploading", message="Uploading generated training model")
        if any((self._root / "output/data").iterdir()):
            outputs.upload(self._root, self.description, s3, "output/data", "output.tar.gz")
        if code and not timed_out and not self._stop_wanted:
            raise JobFailure(outputs.failure(self._root, code))
        model = outputs.upload(self._root, self.description, s3, "model", "model.tar.gz")
        self.description["ModelArtifacts"] = {"S3ModelArtifacts": model}

    def _end(self, timed_out: bool) -> None:
        if timed_out:
            self._becomes(
                "MaxRuntimeExceeded", "Stopped", "Training job runtime exceeded MaxRuntimeInSeconds"
            )
        elif self._stop_wanted:
            self._becomes("Stopped", "Stopped")
        else:
            self._becomes("Completed", "Completed", "Training job completed")

    def _run_process(
        self, credentials: dict[str, str], sent: outputs.Log, kept: Checkpoints
    ) -> tuple[int, bool]:
        """(exit code, whether it took too long)."""
        isolated = self.description["EnableNetworkIsolation"]
        argv = self._command()
        self._becomes(
            "Training", message="Training image download completed. Training in progress."
        )
        self.description["TrainingStartTime"] = started = time.time()
        limit = self.description["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_RUNTIME)
        with self._log.open("wb") as log:
            if isolated and not box().sealed:
                log.write(OPEN_BOX.encode())
                log.flush()
            try:
                self._process = subprocess.Popen(
                    box().command(self._root, ["nice", "-n", "5", *argv], network=not isolated),
                    cwd="/",
                    env=box().variables(
                        self._root, self._variables({} if isolated else credentials)
                    ),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise JobFailure(
                    f"AlgorithmError: the container could not start: {error}"
                ) from None
        try:
            timed_out = self._wait(limit, sent, kept)
        finally:
            self._signal(signal.SIGKILL)  # what the process started and left running
        self.description["TrainingEndTime"] = time.time()
        seconds = int(time.time() - started)
        self.description |= {
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": max(1, seconds),
        }
        return self._process.returncode, timed_out

    def _command(self) -> list[str]:
        algorithm = self.description["AlgorithmSpecification"]
        argv = [*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", [])]
        argv = argv or images.command(algorithm["TrainingImage"])
        argv = argv or toolkit.command(self.description.get("HyperParameters", {}))
        if not argv:
            raise JobFailure(
                f"ClientError: Cannot pull container image {algorithm['TrainingImage']}: "
                "the local cloud has no such image and needs a ContainerEntrypoint, or the"
                f" hyperparameters {toolkit.PROGRAM} and {toolkit.FOLDER}"
            )
        return argv

    def _variables(self, credentials: dict[str, str]) -> dict[str, str]:
        """The request's own Environment wins over what SageMaker sets,
        but for what the box stands on.
        """
        scratch = self._folder / "tmp"
        scratch.mkdir(exist_ok=True)
        return {
            "PATH": image(self._state / "tmp" / "image"),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_REGION": get_region(),
            "AWS_DEFAULT_REGION": get_region(),
            "TRAINING_JOB_NAME": self.name,
            "TRAINING_JOB_ARN": self.description["TrainingJobArn"],
            **credentials,
            **self.description.get("Environment", {}),
            leftovers.MARK: str(self._state),
        }

    def _wait(self, limit: float, sent: outputs.Log, kept: Checkpoints) -> bool:
        assert self._process is not None
        next_sending = time.monotonic() + SECONDS_BETWEEN_LOGS
        deadline = time.monotonic() + limit
        timed_out, killed_at = False, float("inf")
        while self._process.poll() is None:
            now = time.monotonic()
            if (self._stop_wanted or now > deadline) and killed_at == float("inf"):
                timed_out, killed_at = not self._stop_wanted, now + PATIENCE_AFTER_SIGTERM
                self._signal(signal.SIGTERM)
            if now > killed_at:
                self._signal(signal.SIGKILL)
            if now > next_sending:
                sent.send()
                kept.carry()
                next_sending = now + SECONDS_BETWEEN_LOGS
            time.sleep(0.05)
        return timed_out

    def _signal(self, sign: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, sign)
            except ProcessLookupError:
                return

    def _fails(self, reason: str) -> None:
        self.description["FailureReason"] = reason[:1024]
        self._becomes("Failed", "Failed")

    def _becomes(self, secondary: str, status: str | None = None, message: str = "") -> None:
        """Moves the job on and tells EventBridge, as AWS does at every change."""
        now, steps = time.time(), self.description["SecondaryStatusTransitions"]
        if steps:
            steps[-1]["EndTime"] = now
        steps.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        if self._stop_wanted and status is None:
            secondary = "Stopping"
        self.description |= {"SecondaryStatus": secondary, "LastModifiedTime": now}
        if status:
            self.description["TrainingJobStatus"] = status
        event = {
            "Source": "aws.sagemaker",
            "DetailType": "SageMaker Training Job State Change",
            "Resources": [self.description["TrainingJobArn"]],
            "Detail": json.dumps(self.description),
        }
        eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)
