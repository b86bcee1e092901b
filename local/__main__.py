"""`python -m local …`: the local cloud at the command line.
The Makefile's up, down, status and deploy-local.
"""

import signal
import sys

from local import commands, machine
from local.errors import LocalCloudError

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # ended politely, it tidies up as after Ctrl-C
    try:
        options = commands.parser().parse_args(arguments)
        options.run(options)
    except LocalCloudError as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as error:
        if not (fault := machine.sentence(error)):
            raise
        print(fault, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped half-way; nothing was left behind.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
