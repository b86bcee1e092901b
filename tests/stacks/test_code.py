"""Does the code that ships work where it lands?
The staged assets are run, not the files they were made from.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stacks.assets.training_files import training_modules
from tests.stacks.synthesized import ROOT, Synthesized, flat

# Ship only with the setting that needs them (tests/stacks/test_built_in.py, …).
BY_SETTING = {"copy_pictures", "hand_out_review_links", "take_labels"}
HANDLERS = {
    path.stem for path in (ROOT / "lambdas").glob("*.py") if "\ndef handler(" in path.read_text()
} - BY_SETTING


def _functions(shipped: Synthesized) -> dict[str, Path]:
    """Handler → the folder that is zipped for it."""
    functions = {}
    for function in shipped.resources("AWS::Lambda::Function"):
        asset = function.properties["Code"]["S3Key"].removesuffix(".zip")
        functions[function.properties["Handler"]] = shipped.folder / f"asset.{asset}"
    return functions


def test_every_handler_ships_as_a_function_of_its_name(shipped: Synthesized) -> None:
    shipped_as = {
        f.properties["Handler"]: f.properties["FunctionName"]
        for f in shipped.resources("AWS::Lambda::Function")
    }
    assert shipped_as == {
        f"lambdas.{name}.handler": f"deeplens-trash-{name.replace('_', '-')}" for name in HANDLERS
    }


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_each_handler_imports_from_its_asset_with_an_empty_environment(
    shipped: Synthesized, name: str
) -> None:
    folder = _functions(shipped)[f"lambdas.{name}.handler"]
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); from lambdas.{name} import handler;"
        " import lensloop; "
    )
    program += "print(lensloop.__file__); sys.exit(0 if callable(handler) else 1)"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", program],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(folder)), (
        "it must be our asset that is imported, not the working tree"
    )


def test_an_asset_holds_nothing_but_our_code_and_what_makes_pages(shipped: Synthesized) -> None:
    for folder in _functions(shipped).values():
        found = {name for name in os.listdir(folder) if not name.endswith(".dist-info")}
        assert found - {"vendor"} == {"lambdas", "lensloop", "jinja2", "markupsafe"}
        assert not [
            path
            for path in folder.rglob("*")
            if path.suffix == ".pyc" or path.name == "__pycache__"
        ]


def test_functions_without_pillow_share_one_asset(shipped: Synthesized) -> None:
    folders = list(_functions(shipped).values())
    assert len(set(folders)) == 2
    assert sum((folder / "vendor").is_dir() for folder in folders) == 1


def test_everything_in_our_packages_ships_with_them(shipped: Synthesized) -> None:
    """Templates and style sheets too, not only Python."""
    folder = _functions(shipped)["lambdas.assemble_dataset.handler"]
    for package in ("lambdas", "lensloop"):
        ours = {
            path.relative_to(ROOT)
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        assert ours == {
            path.relative_to(folder) for path in (folder / package).rglob("*") if path.is_file()
        }


def test_pillow_for_lambdas_python_ships_with_inspection_alone(shipped: Synthesized) -> None:
    for handler, folder in _functions(shipped).items():
        assert (folder / "vendor").is_dir() == (handler == "lambdas.inspect_images.handler"), (
            handler
        )
    inspection = _functions(shipped)["lambdas.inspect_images.handler"]
    assert (inspection / "vendor/PIL/_imaging.cpython-313-x86_64-linux-gnu.so").is_file()
    (function,) = [
        f.properties
        for f in shipped.resources("AWS::Lambda::Function")
        if f.properties["Handler"] == "lambdas.inspect_images.handler"
    ]
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["x86_64"])


def test_no_asset_is_larger_than_lambda_takes(shipped: Synthesized) -> None:
    for folder in set(_functions(shipped).values()):
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 250e6


def test_the_training_job_starts_from_the_zip_of_its_channel(
    shipped: Synthesized, tmp_path: Path
) -> None:
    """As SageMaker does it: Python imports the package out
    of the zip, which it finds on PYTHONPATH.
    """
    (staged,) = [
        path
        for path in shipped.folder.glob("asset.*")
        if (path / "training" / "__main__.py").is_file()
    ]
    packed = {path.relative_to(staged) for path in staged.rglob("*.py")}
    assert packed == set(training_modules())
    zipped = tmp_path / "code.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for path in staged.rglob("*.py"):
            archive.write(path, path.relative_to(staged))
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "import training.__main__, lensloop, camera.trial; print(lensloop.__file__)",
        ],
        env={"PYTHONPATH": str(zipped)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(zipped))


def test_the_code_channel_is_the_file_that_python_is_told_of(shipped: Synthesized) -> None:
    definition = flat(
        next(
            r.properties["DefinitionString"]
            for r in shipped.resources("AWS::StepFunctions::StateMachine")
            if r.properties["StateMachineName"].endswith("-retraining")
        )
    )
    (staged,) = [path for path in shipped.folder.glob("asset.*") if (path / "training").is_dir()]
    key = f"{staged.name.removeprefix('asset.')}.zip"
    assert f"/opt/ml/input/data/code/{key}" in definition
    # told to Python, and fetched as a channel
    assert definition.count(key) == 2
