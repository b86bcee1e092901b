"""What does docs/settings.md say? Made from Settings:
`python -m tools.settings_page > docs/settings.md`.
"""

import sys
from dataclasses import Field, fields
from typing import Any

from lensloop.settings import KINDS, Settings

HEAD = """# Settings

<!-- Made by `python -m tools.settings_page > docs/settings.md`; a test fails when it is stale. -->

They stand in `cdk.json` under `context`; `cdk deploy -c name=value` changes one for once. A mistake
stops the synthesis with a sentence before anything is deployed.

| setting | default | allowed | meaning |
|---|---|---|---|
"""


def page() -> str:
    return HEAD + "".join(
        f"| `{f.name}` | {_shown(f.default)} | {_allowed(f)} | {_cell(f)} |\n"
        for f in fields(Settings)
    )


def _allowed(setting: Field[Any]) -> str:
    limits = setting.metadata
    if limits["form"]:
        return str(limits["form"])
    if limits["choices"]:
        return "one of " + ", ".join(map(str, limits["choices"]))
    kind = KINDS[type(setting.default)]
    return kind if limits["low"] is None else f"{kind}, {limits['low']:g} to {limits['high']:g}"


def _cell(setting: Field[Any]) -> str:
    return str(setting.metadata["meaning"]).replace("|", "\\|")


def _shown(default: Any) -> str:
    if default == "":
        return "empty"
    return f"`{str(default).lower()}`" if isinstance(default, bool) else f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(page())
