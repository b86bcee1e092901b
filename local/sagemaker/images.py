"""Which of AWS's own images can the local cloud run? For these, by the repository's name, a small
program of its own stands in.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where the image's own metrics stand in its log, as SageMaker knows them.
_METRICS = {"validation:accuracy": r"Validation-accuracy=([0-9.]+)"}
_STAND_INS = {"image-classification": "local.sagemaker.image_classification"}
_REPOSITORY = re.compile(r"[^/]+/([^:@]+)[:@]")


def command(image: str) -> list[str]:
    """Empty where none stands in for it."""
    stand_in = _stand_in(image)
    if not stand_in:
        return []
    # With this interpreter's packages: they take the place of those in the image.
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", stand_in]


def metrics(image: str) -> list[dict[str, str]]:
    found = _METRICS if _stand_in(image) else {}
    return [{"Name": name, "Regex": pattern} for name, pattern in found.items()]


def _stand_in(image: str) -> str:
    repository = _REPOSITORY.match(image)
    return _STAND_INS.get(repository[1], "") if repository else ""
