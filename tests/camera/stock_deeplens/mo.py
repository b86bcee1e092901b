"""A stand-in for AWS DeepLens' model optimiser, as its documentation has it: two files of MXNet's
in, a pair for the chip out, and a status.
"""

from pathlib import Path
from typing import Any

_MOST = 1024  # pixels a side


def optimize(
    model_name: str,
    input_width: int,
    input_height: int,
    platform: str = "mx",
    aux_inputs: dict[str, Any] | None = None,
) -> tuple[int, str]:
    print("[ INFO ] it talks on the standard output")
    aux = {"--models-dir": "/opt/awscam/artifacts", "--epoch": 0, **(aux_inputs or {})}
    if platform.lower() not in ("mx", "mxnet"):
        return 1, ""
    models = Path(aux["--models-dir"])
    symbol = models / f"{model_name}-symbol.json"
    weights = models / f"{model_name}-{int(aux['--epoch']):04d}.params"
    here = symbol.is_file() and weights.is_file()
    if not here or max(input_width, input_height) > _MOST or weights.read_bytes() == b"odd":
        return 2, ""
    target = Path(aux.get("--output-dir", models)) / f"{model_name}.xml"
    target.write_text(f"<net side='{input_width}x{input_height}'/>")
    target.with_suffix(".bin").write_bytes(weights.read_bytes())
    return 0, str(target)
