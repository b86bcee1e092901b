"""How do the workflows speak? In JSONata: `$states.input` is what a state was given, `$name` is
what an earlier step kept.
"""

import json
import re
from typing import Any

# The run's own number is in its input, so that a failure before the first answer can still be told.
EPOCH = "$states.context.Execution.Input.epoch"


def jsonata(expression: str) -> str:
    return "{% " + expression + " %}"


def filled(value: Any) -> str:
    """A value as JSONata: its JSON, in whose texts `{$name}` stands for what the variable holds."""
    return re.sub(r"\{(\$[\w.]+)\}", r'" & $string(\1) & "', json.dumps(value))
