"""What lands on a camera? One zip with the agent,
the rules it shares with the cloud, and what to install.
"""

import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHIPPED = ("camera", "lensloop/wire")


def shipped() -> list[Path]:
    """Paths inside the project."""
    files: list[Path] = []
    for folder in SHIPPED:
        files += filter(Path.is_file, sorted((ROOT / folder).rglob("*")))
    wanted = [path.relative_to(ROOT) for path in files if "__pycache__" not in path.parts]
    return [*wanted, Path("lensloop", "__init__.py")]


def write_bundle(output: Path) -> Path:
    """The same bytes for the same files."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in shipped():
            entry = zipfile.ZipInfo(path.as_posix(), date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, (ROOT / path).read_bytes())
    return output
