"""Is a machine that SageMaker does not have refused before anything is deployed?"""

import pytest

from lensloop.machines.ladder import SUITED
from lensloop.settings import Settings
from lensloop.wire.errors import SettingsError
from stacks.training import instance
from stacks.training.image import uris


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("ml.m7g.large", "Did you mean `ml.m7i.large`, `ml.m7i.xlarge` or `ml.m5.large`?"),
        ("ml.m5.xlrage", "Did you mean `ml.m5.xlarge`, `ml.m5.4xlarge` or `ml.m5.2xlarge`?"),
        ("ml.x9.huge", "An ordinary one is `ml.m5.xlarge`."),
    ],
)
def test_a_type_that_sagemaker_does_not_have_is_refused_with_those_it_has(
    wrong: str, meant: str
) -> None:
    settings = Settings.from_context({"training_instance_type": f"ml.m5.large, {wrong}"})
    with pytest.raises(SettingsError) as refused:
        instance.check(settings)
    assert str(refused.value) == (
        f"`training_instance_type` names '{wrong}'; SageMaker trains on no such type. {meant}"
    )


@pytest.mark.parametrize("right", ["", "ml.g4dn.xlarge", "ml.m7i.large, ml.c6i.xlarge"])
def test_types_that_sagemaker_has_are_taken(right: str) -> None:
    instance.check(Settings(training_instance_type=right))


@pytest.mark.parametrize("suited", SUITED.values(), ids=SUITED)
def test_sagemaker_has_the_types_that_suit_an_algorithm(suited: tuple[str, ...]) -> None:
    instance.check(Settings(training_instance_type=", ".join(suited)))


def test_types_that_cannot_stand_together_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"names ml\.m5\.large twice"):
        instance.check(Settings(training_instance_type="ml.m5.large, ml.m5.large"))


def test_one_that_is_alike_is_offered_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "types", lambda: ["ml.m5.large", "ml.zz9.24xlarge"])
    with pytest.raises(SettingsError, match=r"Did you mean `ml.m5.large`\?$"):
        instance.check(Settings(training_instance_type="ml.m5.lrage"))


@pytest.mark.parametrize("suited", SUITED["finetune"])
def test_a_gpu_gets_the_image_for_gpus(suited: str) -> None:
    assert all(":2.13-cu" in uri for uri in uris(suited).values())
    assert all(":2.13-cpu-" in uri for uri in uris("ml.m5.xlarge").values())
