"""What is a person told when something cannot be done, and with which exit code does the command
end? docs/cli.md lists the codes.
"""

import os

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cli.place import Place

DONE, INCOMPLETE, MISTAKE, CLOUD, RUN_FAILED = 0, 1, 2, 3, 4
INTERRUPTED = 130  # as shells have it for Ctrl-C
CODES = (
    (DONE, "done; for `watch`: released, and the rollout did not fail"),
    (
        INCOMPLETE,
        "`watch`: the run ended without a release; `export`: some pictures could not be had",
    ),
    (MISTAKE, "a mistake in what was asked, or nothing to talk to; stderr says which"),
    (CLOUD, "the cloud said no or could not be reached"),
    (
        RUN_FAILED,
        "`watch`: the run or its rollout failed; `experiment`: its training job failed",
    ),
    (INTERRUPTED, "stopped by Ctrl-C; `import` goes on with the same command"),
)

_SIGNED_OUT = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
    }
)
_SIGN_IN = " Sign in again, and check with `aws sts get-caller-identity`."


def complaint(error: Exception, place: Place | None = None) -> str:
    """What the cloud said, and what to do where that can be known."""
    if place and place.local:
        return _of_local_cloud(error, place)
    # A wrong profile or a missing network is no word of AWS's.
    who = "AWS said" if isinstance(error, ClientError) else "AWS could not be asked"
    return f"{who}: {str(error).rstrip('.')}.{_what_to_do(error)}{_elsewhere(place)}"


def _of_local_cloud(error: Exception, place: Place) -> str:
    assert place.local is not None
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return (
            f"The local cloud at {place.local.endpoint} does not answer any more. `make status`"
            " says whether it runs, `make up` starts one."
        )
    return f"The local cloud said: {str(error).rstrip('.')}."


def _what_to_do(error: Exception) -> str:
    if isinstance(error, (NoCredentialsError, ProfileNotFound, SSOError, TokenRetrievalError)):
        return _SIGN_IN
    if isinstance(error, (ConnectionError, HTTPClientError)):
        return " Is this machine connected, and is the region one of AWS's?"
    if isinstance(error, ClientError):
        return _answer_to(error.response["Error"].get("Code", ""))
    return ""


def _answer_to(code: str) -> str:
    if code in _SIGNED_OUT:
        return _SIGN_IN
    if code.startswith("AccessDenied"):
        return " Ask whoever owns the account for that right, or use another profile."
    return ""


def _elsewhere(place: Place | None) -> str:
    """Who was asked, when that may not have been AWS."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint or (place and place.only_aws):
        return ""
    return f" AWS_ENDPOINT_URL is {endpoint}: unset it for AWS, or see `make status`."


OF_THE_CLOUD = (BotoCoreError, ClientError)
