"""Is this file no picture, or none that can be taken, by its name and size alone?"""

from lensloop.dataset.inspection import too_large
from lensloop.reasons import counted

# Archives in archives are where bombs hide, and nobody knows which labels are meant.
_ARCHIVES = (
    *(".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".7z", ".rar", ".zst"),
)
# What lies beside pictures in public data sets and is never one. All else is opened: a picture
# without an ending, or with a wrong one, is a picture.
_OTHERS = (
    *(".md", ".rst", ".pdf", ".doc", ".docx", ".html", ".htm", ".css", ".rtf", ".bib"),
    *(".py", ".ipynb", ".m", ".lua", ".r", ".js", ".ts", ".sh", ".bat", ".java", ".cpp", ".h"),
    *(".xml", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".log", ".lock", ".db", ".sqlite"),
    *(".mp4", ".avi", ".mov", ".mkv", ".webm", ".wav", ".mp3", ".parquet", ".arrow", ".pkl"),
    *(".h5", ".hdf5", ".npy", ".npz", ".mat", ".pt", ".pth", ".onnx", ".tflite", ".pb", ".ckpt"),
    *(".exe", ".dll", ".so", ".bin", ".xls", ".xlsx", ".pptx", ".svg", ".psd"),
)
ENDINGS = (*_ARCHIVES, *_OTHERS)
# Formats that become JPEGs are often larger than these: a TIFF is not compressed at all.
_CONVERTED = (".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif")
MOST_CONVERTED = 160 * 1000 * 1000  # bytes: 50 million pixels of three bytes

EMPTY = "The file is empty."
NO_PICTURE = "It is no picture."
ARCHIVE = (
    "It is an archive in the source, and such are not opened. Import it by itself, if pictures are"
    " in it."
)
LARGE_LIST = "It is too large to be a list of labels."


def by_name(path: str) -> str:
    name = path.lower()
    if name.endswith(_ARCHIVES):
        return ARCHIVE
    return NO_PICTURE if name.endswith(_OTHERS) else ""


def by_size(path: str, size: int) -> str:
    if not path.lower().endswith(_CONVERTED):
        return too_large(size)
    if size <= MOST_CONVERTED:
        return ""
    read = counted(MOST_CONVERTED // 10**6, "MB is", "MB are")
    return f"The file has {size / 1e6:.0f} MB; at most {read} read. Save it smaller."
