"""Is every way in which AWS says no told from a failure of the training, with what to do?"""

import json

import pytest

from lensloop.trigger.blame import NOBODY_NEEDS_TO_ACT, Fault, fault

NO_QUOTA = (
    "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances, with"
    " current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service"
    " Quotas to request an increase for this quota."
)


def job(reason: str = "", status: str = "Failed") -> str:
    """As Step Functions gives the description of a job, with much that is no part of the fault."""
    described = {
        "AlgorithmSpecification": {
            "TrainingImage": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch:2.13"
        },
        "RoleArn": "arn:aws:iam::111122223333:role/deeplens-training-invalid-404",
        "SecondaryStatus": status,
        "TrainingJobStatus": "Failed" if status == "Failed" else "Stopped",
    }
    return json.dumps(described | ({"FailureReason": reason} if reason else {}))


def raised(message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": "X", "stackTrace": ["404 ECR"]})


ENDED_EARLY = "The training job ended before it was done: "
TASK = "States.TaskFailed"


@pytest.mark.parametrize(
    ("error", "cause", "kind"),
    [
        # the training itself
        (TASK, job("AlgorithmError: No picture of can., exit code: 1"), "training"),
        (TASK, job("AlgorithmError: Access Denied, ThrottlingException"), "training"),
        (TASK, job("ClientError: num_training_samples is invalid"), "training"),
        (TASK, job(status="MaxRuntimeExceeded"), "training"),
        ("", job(ENDED_EARLY + "MaxRuntimeExceeded", "MaxRuntimeExceeded"), "training"),
        ("BadArtifact", raised("The model archive holds no test.csv."), "training"),
        # the release, which is live
        ("StepFunctions.StateMachineDoesNotExistException", "AlgorithmError", "rollout"),
        # a person
        (TASK, job(status="Stopped"), "stopped"),
        ("", job(ENDED_EARLY + "Stopped", "Stopped"), "stopped"),
        # a job that nobody heard of
        ("SageMaker.ResourceInUseException", "it exists", "in use"),
        # the account
        ("SageMaker.AmazonSageMakerException", NO_QUOTA, "quota"),
        ("SageMaker.ResourceLimitExceededException", NO_QUOTA, "quota"),
        (
            "SageMaker.AmazonSageMakerException",
            "(Error Code: ResourceLimitExceeded; Request ID: 1)",
            "quota",
        ),
        (TASK, job("ResourceLimitExceeded: too many"), "quota"),
        (TASK, "You have exceeded a service quota", "quota"),
        (TASK, "Please use AWS Service Quotas", "quota"),
        # what AWS has
        (
            TASK,
            job("CapacityError: Unable to provision requested ML compute capacity."),
            "capacity",
        ),
        (TASK, job("Unable to provision"), "capacity"),
        (TASK, job("InsufficientCapacity"), "capacity"),
        (TASK, job("Insufficient capacity error from EC2"), "capacity"),
        (TASK, job(status="MaxWaitTimeExceeded"), "capacity"),
        (TASK, job(status="Interrupted"), "capacity"),
        ("", job(ENDED_EARLY + "Interrupted", "Interrupted"), "capacity"),
        # the image
        (TASK, job("ClientError: Access denied for repository in ECR"), "image"),
        (TASK, job("ClientError: role may not do ecr:BatchGetImage"), "image"),
        (TASK, job("ClientError: 1.dkr.ecr.eu-west-1.amazonaws.com/x: not found"), "image"),
        (TASK, job("CannotPullContainerError"), "image"),
        (TASK, job("ClientError: manifest unknown"), "image"),
        (TASK, job("ClientError: Cannot find the training image"), "image"),
        # permissions
        ("SageMaker.AmazonSageMakerException", "Could not assume role arn:x.", "role"),
        ("SageMaker.AmazonSageMakerException", "User x is not authorized to perform y", "role"),
        ("AccessDeniedException", "no", "role"),
        (TASK, job("ClientError: Data download failed:AccessDenied (403): Access Denied"), "role"),
        (TASK, job("ClientError: s3 said (403)"), "role"),
        (TASK, job("ClientError: the KMS key is disabled"), "role"),
        ("ClientError", raised("UnauthorizedOperation"), "role"),
        # files
        (TASK, job("ClientError: Data download failed:NoSuchKey (404): no such key"), "missing"),
        (TASK, job("ClientError: An error occurred (404) when calling HeadObject"), "missing"),
        (TASK, job("ClientError: NoSuchBucket"), "missing"),
        (TASK, job("ClientError: No S3 objects found under S3 URL"), "missing"),
        # AWS
        ("SageMaker.AmazonSageMakerException", "ThrottlingException", "throttling"),
        ("SageMaker.AmazonSageMakerException", "Rate exceeded", "throttling"),
        ("Lambda.TooManyRequestsException", "", "throttling"),
        ("ClientError", raised("RequestLimitExceeded"), "throttling"),
        ("ClientError", raised("An error occurred (SlowDown)"), "throttling"),
        (TASK, job("InternalServerError: We encountered an internal error."), "service"),
        ("SageMaker.AmazonSageMakerException", "InternalFailure", "service"),
        ("ClientError", raised("Service Unavailable"), "service"),
        ("Lambda.ServiceException", "", "service"),
        ("Sandbox.Timedout", "not JSON", "service"),
        ("States.Timeout", "", "service"),
        ("ReadTimeoutError", raised("Read timeout on endpoint"), "service"),
        ("EndpointConnectionError", raised("Could not connect"), "service"),
        ("ResponseStreamingError", raised("broken"), "service"),
        # what was asked
        ("SageMaker.AmazonSageMakerException", "1 validation error detected", "request"),
        ("SageMaker.AmazonSageMakerException", "ml.p2.xlarge is not supported here", "request"),
        ("SageMaker.AmazonSageMakerException", "Invalid instance", "request"),
        # whatever else
        ("KeyError", raised("'chunks'"), "unknown"),
        (TASK, job("something new"), "unknown"),
        (TASK, job(status="SomethingNew"), "unknown"),
        ("", "", "unknown"),
    ],
)
def test_every_failure_is_of_one_kind(error: str, cause: str, kind: str) -> None:
    assert fault(error, cause).kind == kind


@pytest.mark.parametrize("words", ["a BadArtifact", "Stopped", "ended as", "Interrupted"])
def test_words_that_merely_occur_are_no_sign(words: str) -> None:
    assert fault("KeyError", raised(words)).kind == "unknown"


def test_only_the_training_itself_counts_towards_blocking() -> None:
    assert fault("BadArtifact", "").counts
    for error, cause in ((TASK, NO_QUOTA), ("KeyError", ""), (TASK, job(status="Stopped"))):
        assert not fault(error, cause).counts


def test_a_quota_is_called_by_its_name_and_new_accounts_hear_that_they_have_none() -> None:
    assert fault(TASK, NO_QUOTA) == Fault(
        "quota",
        "a quota of the account is too small",
        "What you can do: ask for a higher quota “ml.m5.xlarge for training job usage” of Amazon"
        " SageMaker, in the AWS console under Service Quotas. 1 is enough; new accounts have 0. It"
        " is granted within minutes to two days, and the next try after that trains by itself.",
        "ml.m5.xlarge for training job usage",
    )
    nameless = fault(TASK, "ResourceLimitExceeded")
    assert nameless.detail == ""
    assert "“<instance type> for training job usage”" in nameless.advice


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (NO_QUOTA, NO_QUOTA.replace("utilization of 0", "utilization of 3"), True),
        (NO_QUOTA, NO_QUOTA.replace("ml.m5.xlarge", "ml.g5.xlarge"), False),
        (job("CapacityError: now"), job("CapacityError: later"), True),
        (NO_QUOTA, job("CapacityError"), False),
    ],
)
def test_the_same_cause_has_the_same_key(one: str, other: str, same: bool) -> None:
    assert (fault(TASK, one).key == fault(TASK, other).key) == same


def test_unforeseen_faults_are_told_apart_by_their_error() -> None:
    assert fault("KeyError", raised("'a'")).key == "unknown: KeyError"
    assert fault("", "").key == "unknown"
    assert fault(TASK, job("CapacityError")).key == "capacity"


@pytest.mark.parametrize(
    ("error", "cause", "what", "advice"),
    [
        (
            "BadArtifact",
            "",
            "the training itself failed",
            "What you can do: look at the run's page, and at the log of its training job.",
        ),
        (
            "StepFunctions.ThrottlingException",
            "",
            "its rollout could not be started",
            "Its message has the command that starts it.",
        ),
        (
            "SageMaker.ResourceInUseException",
            "",
            "a training job of its name was there already",
            "Nobody needs to act: that job is stopped, and the next try comes by itself, under"
            " another name.",
        ),
        (TASK, job(status="Stopped"), "somebody stopped its training job", NOBODY_NEEDS_TO_ACT),
        (
            TASK,
            job("CapacityError"),
            "AWS has no machine for it at the moment",
            "Nobody needs to act: it passes, and the next try comes by itself. If it lasts, name"
            " more types in `training_instance_type` in cdk.json and deploy.",
        ),
        (
            TASK,
            job("no such thing in ECR"),
            "the training image could not be fetched",
            "What you can do: deploy again (`make deploy`), which names the image of your region"
            " anew. If your organization forbids images of other accounts, have Amazon's registry"
            " allowed.",
        ),
        (
            TASK,
            "Could not assume role",
            "a permission is missing",
            "What you can do: deploy again (`make deploy`), which puts the roles right. If they are"
            " right, a policy of your organization, a permissions boundary or a KMS key says no.",
        ),
        (
            TASK,
            job("NoSuchKey"),
            "a file that the training job needs is gone",
            "What you can do: deploy again (`make deploy`), which uploads code and libraries anew.",
        ),
        (TASK, "Rate exceeded", "AWS was asked too often", NOBODY_NEEDS_TO_ACT),
        (
            "States.Timeout",
            "",
            "AWS itself failed",
            "Nobody needs to act: it passes, and the next try comes by itself. If it lasts, see"
            " https://health.aws.amazon.com.",
        ),
        (
            TASK,
            "1 validation error",
            "SageMaker does not take the job as it was asked for",
            "What you can do: check `region` and `training_instance_type` in cdk.json, and deploy.",
        ),
        (
            "KeyError",
            "",
            "something unforeseen happened",
            "If it does not pass by itself, the run's page says where it broke.",
        ),
    ],
)
def test_each_kind_says_what_happened_and_what_to_do(
    error: str, cause: str, what: str, advice: str
) -> None:
    found = fault(error, cause)
    assert (found.what, found.advice) == (what, advice)
