"""Which lines does a list have, and which names do classes have? CSV, im2rec's `.lst`, lines of
file and label, one line of JSON a picture; by what is in it, in any of the ways of public sets.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

# How columns are called in public data sets, without case, spaces and underscores.
_FILE = frozenset(
    (
        *("file", "filename", "filepath", "filenames", "path", "image", "imagename", "imagepath"),
        *("imageid", "imagefile", "img", "imgname", "imgpath", "name", "id", "picture", "photo"),
    )
)
_LABEL = frozenset(
    (
        *("label", "labels", "labelname", "class", "classes", "classname", "classlabel", "target"),
        *("category", "categoryname", "type", "trashtype", "wastetype", "material", "y"),
    )
)
# Files that name the classes; the line or the key is the class's number.
_NAMES = re.compile(
    r"(.*[_-])?(classes|class_?names|labels?|label_?names|label_?map|synsets?|categories"
    r"|classify_?rule|names|obj)([_-].*)?\.(txt|names|json)"
)
NUMBER = re.compile(r"\d+(\.0+)?")
_PICTURE = re.compile(r"(.*\.(jpe?g|png|webp|bmp|gif|tiff?|heic|heif|avif))[\s,;]+(.+)", re.I)
_MOST_CLASSES = 10_000

Rows = list[tuple[str, str]]  # what a line says of a file, and its label


def rows_of(path: str, text: str) -> Rows:
    """None where it is no list."""
    name = path.lower()
    if name.endswith(".lst"):
        return _lst(text)
    if name.endswith((".csv", ".tsv")):
        return _table(text)
    if name.endswith(".jsonl"):
        return _json_lines(text)
    return _lines(text) if name.endswith(".txt") else []


def _lst(text: str) -> Rows:
    """im2rec: number, label, path, with tabs between them."""
    rows = []
    for line in text.splitlines():
        parts = line.split("\t")
        if len(parts) == 3:
            rows.append((parts[2].strip(), parts[1].strip()))
    return rows


def _lines(text: str) -> Rows:
    """`glass1.jpg 1`, `img_7.jpg, 3`."""
    found = (_PICTURE.fullmatch(line.strip()) for line in text.splitlines())
    return [(match[1], match[3].strip()) for match in found if match]


def _json_lines(text: str) -> Rows:
    rows = []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            return []
        if isinstance(said, dict):
            plain = {_word(str(key)): value for key, value in said.items()}
            file = next((plain[word] for word in plain if word in _FILE), "")
            label = next((plain[word] for word in plain if word in _LABEL), "")
            rows.append((str(file), str(label)))
    return rows


def _table(text: str) -> Rows:
    lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text)))
    if not lines:
        return []
    head = [_word(cell) for cell in lines[0]]
    file = _column(head, _FILE)
    label = _column(head, _LABEL)
    if file is None:
        return _headless(lines)
    if label is None:
        return _one_hot(lines, file)
    wide = max(file, label)
    return [(line[file].strip(), line[label].strip()) for line in lines[1:] if len(line) > wide]


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def _word(cell: str) -> str:
    return re.sub(r"[\s_-]+", "", cell.strip().strip("\ufeff").casefold())


def _column(head: Sequence[str], words: frozenset[str]) -> int | None:
    return next((place for place, cell in enumerate(head) if cell in words), None)


def _headless(lines: Sequence[Sequence[str]]) -> Rows:
    """A file and its label on each line, in this order."""
    if not all(len(line) == 2 for line in lines):
        return []
    return [(line[0].strip(), line[1].strip()) for line in lines]


def _one_hot(lines: Sequence[Sequence[str]], file: int) -> Rows:
    """A column for each class, 1 in one of them (Roboflow's `_classes.csv`)."""
    head, rows = [cell.strip() for cell in lines[0]], []
    for line in lines[1:]:
        if len(line) != len(head):
            return []
        ones = [
            name
            for place, (name, cell) in enumerate(zip(head, line, strict=True))
            if place != file and cell.strip() in ("1", "1.0", "true", "True")
        ]
        if len(ones) == 1:
            rows.append((line[file].strip(), ones[0]))
    return rows


def class_names(texts: Mapping[str, str]) -> dict[str, str]:
    """Number → name. Two files that disagree (one for each of two parts) name nothing."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, text in texts.items():
        name = path.rpartition("/")[2].lower()
        if _NAMES.fullmatch(name):
            for number, label in _names(name, text).items():
                found[number].add(label)
    return {number: label for number, (label, *more) in found.items() if not more}


def _names(name: str, text: str) -> dict[str, str]:
    if name.endswith(".json"):
        return _names_in_json(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > _MOST_CLASSES or any(_PICTURE.fullmatch(line) for line in lines):
        return {}
    return {str(number): line for number, line in enumerate(lines)}


def _names_in_json(text: str) -> dict[str, str]:
    """`{"0": "glass"}`, `{"glass": 0}` or `["glass"]`."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    if isinstance(said, list):
        said = {str(number): name for number, name in enumerate(said)}
    if not isinstance(said, dict):
        return {}
    names = {}
    for key, value in said.items():
        if isinstance(value, str) and NUMBER.fullmatch(key):
            names[class_number(key)] = value
        elif isinstance(value, int):
            names[str(value)] = key
    return names


def class_number(text: str) -> str:
    """`3`, `3.0` and `03` are one."""
    return text.partition(".")[0].lstrip("0") or "0"
