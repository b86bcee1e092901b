"""Which AWS account and region do these credentials reach?
Prints `aws://<account>/<region>`, or a sentence.
"""

import sys

from botocore.exceptions import BotoCoreError, ClientError

from cli import deployed
from cli.faults import complaint
from lensloop.wire.errors import LensloopError


def main() -> int:
    try:
        sts = deployed.client("sts", deployed.settings().region)
        account = sts.get_caller_identity()["Account"]
    except LensloopError as mistake:
        return _warn(str(mistake))
    except (BotoCoreError, ClientError) as error:
        return _warn(complaint(error))
    print(f"aws://{account}/{sts.meta.region_name}")
    return 0


def _warn(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
