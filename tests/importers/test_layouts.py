"""Folders as public data sets have them: the plan is right for each, without a flag."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from importers.decoders import Decoders
from importers.plan import look
from importers.sources import opened
from tests.importers.conftest import fill, picture
from tests.importers.test_run import asked

BINS = ("glass", "metal", "paper")
EACH = 3  # pictures of a label in a folder


@dataclass(frozen=True)
class Layout:
    """`folders`: where pictures lie, each with its label; `files`: what lies beside them."""

    folders: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)


def below(upper: str, labels: tuple[str, ...]) -> dict[str, str]:
    return {f"{upper}/{label}" if upper else label: label for label in labels}


def split(parts: tuple[str, ...], labels: tuple[str, ...], upper: str = "") -> dict[str, str]:
    return {f"{upper}{part}/{label}": label for part in parts for label in labels}


def listed(folder: str, labels: tuple[str, ...], line: str, head: str = "") -> str:
    """A list of the pictures 0.jpg, 1.jpg, … of one folder, the labels taking turns."""
    lines = [head] if head else []
    for number in range(EACH * len(labels)):
        label = labels[number % len(labels)]
        lines.append(
            line.format(
                name=f"{folder}{number}", label=label, number=number % len(labels), index=number
            )
        )
    return "\n".join(lines) + "\n"


WASTE12 = ("battery", "biological", "brown-glass", "green-glass", "white-glass", "trash")
REAL = ("Food Organics", "Miscellaneous Trash", "Textile Trash", "Vegetation")
# Folders whose labels they say themselves.
FOLDERS: dict[str, Layout] = {
    "Kaggle's garbage classification, wrapped twice": Layout(
        below("Garbage classification/Garbage classification", ("cardboard", *BINS)),
        {"zero-indexed-files.txt": "glass1.jpg 1\nmetal2.jpg 3\n"},
    ),
    "Kaggle's 12 classes": Layout(below("garbage_classification", WASTE12)),
    "Kaggle's waste classification": Layout(split(("TRAIN", "TEST"), ("O", "R"), "DATASET/")),
    "the same in a second wrapper": Layout(
        split(("TRAIN", "TEST"), ("O", "R"), "DATASET/DATASET/")
    ),
    "recyclable household waste": Layout(
        {
            f"images/images/{label}/{kind}": label
            for label in ("aerosol_cans", "clothing", "coffee_grounds")
            for kind in ("default", "real_world")
        }
    ),
    "RealWaste, a GitHub archive": Layout(below("realwaste-main/RealWaste", REAL)),
    "TrashNet": Layout(below("dataset-resized", ("cardboard", *BINS)), {".DS_Store": ""}),
    "Hugging Face": Layout(split(("train", "test"), BINS)),
    "Roboflow": Layout(
        split(("train", "valid", "test"), BINS), {"README.roboflow.txt": "Exported."}
    ),
    "Keras' flowers": Layout(below("flower_photos", ("daisy", "roses")), {"LICENSE.txt": "CC"}),
    "labels in a folder each": Layout(below("", BINS)),
    "one label's folders of another level": Layout(
        {"可回收物/易拉罐": "可回收物", "可回收物/玻璃": "可回收物", "厨余垃圾/果皮": "厨余垃圾"}
    ),
    "years below labels": Layout(
        {f"{label}/{year}": label for label in BINS for year in ("2024", "2025")}
    ),
    "rooms above labels": Layout(split(("hall", "kitchen"), BINS)),
    "parts of a cross-validation": Layout(split(("fold1", "fold2"), BINS)),
    "a split below the labels": Layout(
        {f"{label}/{part}": label for label in BINS for part in ("train", "val")}
    ),
    "a table beside folders that says the same": Layout(
        below("dataset", BINS), {"dataset/metadata.csv": "width,height\n1,2\n"}
    ),
    "a split in a folder of its name": Layout(
        split(("train", "val"), BINS, "waste-v2/waste-v2/"), {"waste-v2/data.yaml": "nc: 3"}
    ),
    "what a notebook and a Mac left": Layout(
        {**below("set", BINS), "set/.ipynb_checkpoints": "", "__MACOSX/set/glass": ""}
    ),
}
# Pictures 0.jpg, 1.jpg, … in one folder, and the list beside them that says their labels.
LISTS: dict[str, tuple[str, Mapping[str, str]]] = {
    "a CSV with a header": (
        "images",
        {"labels.csv": listed("", BINS, "{name}.jpg,{label}", "filename,label")},
    ),
    "Kaggle's train.csv without endings": (
        "train",
        {"train.csv": listed("", BINS, "{name},{label}", "image_id,class_name")},
    ),
    "a CSV without a header": (
        "pictures",
        {"list.csv": listed("pictures/", BINS, "{name}.jpg,{label}")},
    ),
    "Hugging Face's metadata.csv": (
        "train",
        {"train/metadata.csv": listed("", BINS, "{name}.jpg,{label}", "file_name,label")},
    ),
    "Hugging Face's metadata.jsonl": (
        "train",
        {
            "train/metadata.jsonl": listed(
                "", BINS, '{{"file_name": "{name}.jpg", "label": "{label}"}}'
            )
        },
    ),
    "Roboflow's one-hot _classes.csv": (
        "train",
        {
            "train/_classes.csv": "filename, glass, metal, paper\n"
            + "".join(
                f"{n}.jpg," + ",".join(str(int(n % 3 == place)) for place in range(3)) + "\n"
                for n in range(3 * EACH)
            )
        },
    ),
    "im2rec's .lst with class names": (
        "data",
        {
            "set.lst": listed("data/", BINS, "{index}\t{number}.000000\t{name}.jpg"),
            "classes.txt": "\n".join(BINS),
        },
    ),
    "file and number on a line, names in JSON": (
        "train_data",
        {
            "train.txt": listed("", BINS, "{name}.jpg, {number}"),
            "garbage_classify_rule.json": '{"0": "glass", "1": "metal", "2": "paper"}',
        },
    ),
}


def labels_of(root: Path, pool: Decoders) -> Counter[str]:
    with opened(asked(root)) as source:
        looked = look(source, pool)
    assert [note for note in looked.notes if "taken for" in note] == []
    seen = looked.seen
    assert [found.reason for found in seen if found.reason and found.path.endswith("jpg")] == []
    return Counter(str(found.label) for found in seen if not found.reason)


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_say_their_labels(tmp_path: Path, pool: Decoders, name: str) -> None:
    layout, files, wanted = FOLDERS[name], {}, Counter[str]()
    for folder, label in layout.folders.items():
        for number in range(EACH):
            files[f"{folder}/{label}{number}.jpg"] = picture(f"{folder}{number}")
            wanted[label] += bool(label)
    files |= {path: text.encode() for path, text in layout.files.items()}
    assert labels_of(fill(tmp_path, files), pool) == +wanted


@pytest.mark.parametrize("name", LISTS)
def test_a_list_beside_pictures_says_their_labels(
    tmp_path: Path, pool: Decoders, name: str
) -> None:
    folder, lists = LISTS[name]
    files = {f"{folder}/{n}.jpg": picture(n) for n in range(EACH * len(BINS))}
    files |= {path: text.encode() for path, text in lists.items()}
    assert labels_of(fill(tmp_path, files), pool) == dict.fromkeys(BINS, EACH)
