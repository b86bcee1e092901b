"""What should a person know before they trust a release? The model card of its version in the
registry, in SageMaker's schema for one that belongs to a version.
"""

import json
from typing import Any

from lensloop.model.registry import Release
from lensloop.reasons import shortened
from lensloop.wire import names

# The card may have 100,000 characters; a label may take 600 of them (63 letters of any script,
# escaped). Those that are found worst are the ones to know.
_RECALLS = 100
_SOURCES = 20  # imports
_PURPOSE = "Says which of the labels below a picture shows. It runs on cameras, not on an endpoint."
_USES = (
    "Pictures like those that it was taught and tested on: the same things, taken by similar"
    " cameras. It is measured on test pictures that it never saw; they are from the same bucket."
)
_FACTORS = (
    "Light, angle and background that no picture of the data set has; things without a label."
)
_CAVEATS = (
    "An answer below the reject threshold is to be treated as no answer. The image in the inference"
    " specification is the one that trained it: nothing is hosted from this registry."
)


def card(release: Release) -> str:
    """At most 100,000 characters, in one line."""
    return json.dumps(
        {
            "model_overview": {
                "model_creator": "Lensloop",
                "model_artifact": [release.uri("model.onnx")],
            },
            "intended_uses": {
                "purpose_of_model": _PURPOSE,
                "intended_uses": _USES,
                "factors_affecting_model_efficiency": _FACTORS,
                "risk_rating": "Unknown",
            },
            "training_details": {
                "training_observations": "; ".join(release.reasons)[:1024],
                "training_job_details": {
                    "training_datasets": [_dataset(release)],
                    "training_environment": {"container_image": [release.image]},
                },
            },
            "evaluation_details": [_evaluation(release)],
            "additional_information": {
                "caveats_and_recommendations": _CAVEATS,
                "custom_details": {
                    "release": str(release.epoch),
                    "training job": release.job,
                    "algorithm": release.algorithm,
                    **_sources(release),
                },
            },
        }
    )


def _sources(release: Release) -> dict[str, str]:
    """Who uses a model wants to know under which licences its pictures may be used."""
    told = shortened(release.sources, _SOURCES)
    return {"pictures imported": "\n".join(told)} if told else {}


def _evaluation(release: Release) -> dict[str, Any]:
    measured = release.evaluation.candidate.all
    groups = [
        {
            "name": "Test pictures",
            "metric_data": [
                _number("accuracy", measured.accuracy),
                _number("calibration error", measured.calibration_error),
                _number("pictures", measured.images),
                _number("reject threshold", release.manifest["reject_threshold"]),
            ],
        },
    ]
    if recalls := _recalls(release):
        groups.append({"name": "Recall by label, the lowest first", "metric_data": recalls})
    return {
        "name": "Test pictures that it never saw",
        "datasets": [_dataset(release)],
        "metric_groups": groups,
    }


def _recalls(release: Release) -> list[dict[str, Any]]:
    found = []
    for label, measured in release.evaluation.candidate.all.labels.items():
        if measured.recall is not None:
            found.append((measured.recall, label, measured.images))
    return [
        _number(label, recall, f"{images} test pictures")
        for recall, label, images in sorted(found)[:_RECALLS]
    ]


def _number(name: str, value: float, notes: str = "") -> dict[str, Any]:
    return {"name": name, "type": "number", "value": value} | ({"notes": notes} if notes else {})


def _dataset(release: Release) -> str:
    key = names.dataset(release.evaluation.dataset, "manifest.csv.gz")
    return f"s3://{release.bucket}/{key}"
