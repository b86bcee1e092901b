"""The app that ships, synthesized once, with every optional part of it."""

import pytest

from tests.stacks.synthesized import CURATOR, MLFLOW_APP, Synthesized, synthesize


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    folder = tmp_path_factory.mktemp("shipped")
    return synthesize(
        folder,
        github_repository="someone/lensloop",
        notify_email="somebody@example.com",
        mlflow_app_arn=MLFLOW_APP,
        golden_set_writer=CURATOR,
    )
