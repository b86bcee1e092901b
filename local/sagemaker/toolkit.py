"""What does the entry point of AWS's own images do? It runs the program that two hyperparameters
name.

As sagemaker-training 5.1.4 does it, which those images hold: the folder is copied to /opt/ml/code,
and the program gets every other hyperparameter as an argument. However it fails, the job's exit
code is 1, and a reason that the program left is kept. The real one has run our training once, by
training/start.py.
"""

import json
from typing import Any

PROGRAM, FOLDER = "sagemaker_program", "sagemaker_submit_directory"
_OWN = "sagemaker_"  # what the toolkit keeps for itself

_RUN = """
cp -R "$1/." "/opt/ml/code" && cd "/opt/ml/code" || exit 1
shift
python3 -- "$@" && exit
code=$?
failure="/opt/ml/output/failure"
[ -e "$failure" ] || printf 'ExecuteUserScriptError:\\nExitCode %s\\n' "$code" > "$failure"
exit 1
"""


def command(hyperparameters: dict[str, str]) -> list[str]:
    """Empty when the hyperparameters name no program."""
    values = {name: _read(text) for name, text in hyperparameters.items()}
    if PROGRAM not in values or FOLDER not in values:
        return []
    arguments: list[str] = []
    for name, value in sorted(values.items()):
        if not name.startswith(_OWN):
            arguments += [f"--{name}", str(value)]
    return ["sh", "-c", _RUN, "train", str(values[FOLDER]), str(values[PROGRAM]), *arguments]


def _read(text: str) -> Any:
    """The toolkit takes each for JSON, and what is none as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
