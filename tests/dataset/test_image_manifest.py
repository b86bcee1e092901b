"""Which pictures is SageMaker to fetch?
The list beside a data set, as a `ManifestFile` channel reads it.
"""

import json

from tests.dataset.conftest import Picture, Project


def test_the_image_manifest_lists_exactly_the_accepted_keys(
    project: Project, picture: Picture
) -> None:
    names = ["plain.jpg", 'quote".jpg', "ünï.jpg", "space and (brackets).jpg"]
    for number, name in enumerate(names):
        project.s3[f"images/glass/{name}"] = picture(number)
    project.s3["images/glass/text.jpg"] = b"text"
    project.run()
    prefix, *keys = json.loads(project.file("images.manifest"))
    assert prefix == {"prefix": "s3://deeplens-test/"}
    assert keys == sorted(f"images/glass/{name}" for name in names)


def test_an_empty_image_manifest_is_still_a_manifest(project: Project) -> None:
    project.run()
    assert json.loads(project.file("images.manifest")) == [{"prefix": "s3://deeplens-test/"}]
