"""Which AWS account and region do these credentials reach? Prints `aws://<account>/<region>`, or a sentence."""

import json
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.tools import PROJECT

HOW = (
    "Sign in first, for example with `aws configure` or `aws sso login`, and check with `aws sts get-caller-identity`."
)


def main() -> int:
    context = json.loads((PROJECT / "cdk.json").read_text()).get("context", {})
    try:
        session = boto3.Session(region_name=context.get("region") or None)
        if session.get_credentials() is None:
            return _say(f"There are no AWS credentials here. {HOW} (Without an account: `make demo`.)")
        if session.region_name is None:
            return _say(
                "No AWS region is chosen. Set `region` in cdk.json, or AWS_REGION, for example AWS_REGION=eu-west-1."
            )
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        return _say(f"AWS does not accept the credentials here: {error}. {HOW}")
    print(f"aws://{account}/{session.region_name}")
    return 0


def _say(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
