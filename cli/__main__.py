"""`python -m cli …`: one command for people, one module for each thing they care about."""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from cli import cameras, deployed
from lensloop.wire.errors import LensloopError


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m cli", description="Lensloop, for people.")
    subjects = parser.add_subparsers(required=True, metavar="subject")
    try:
        cameras.add_commands(subjects)
        options = parser.parse_args(arguments)
        options.run(options)
    except (LensloopError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(deployed.complaint(error), file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
