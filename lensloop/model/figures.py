"""How is a share of pictures written, beside a limit or with its doubt?"""

from lensloop.model.intervals import wilson


def apart(value: float, limit: float) -> tuple[str, str]:
    """Both with two digits, or with as many as it takes to tell them apart."""
    for digits in (2, 3, 4):
        if f"{value:.{digits}f}" != f"{limit:.{digits}f}":
            return f"{value:.{digits}f}", f"{limit:.{digits}f}"
    return str(value), str(limit)


def between(right: int, images: int) -> str:
    """Where the truth lies most likely, behind the share itself."""
    low, high = wilson(right, images)
    return f"({low:.2f} to {high:.2f})"


def with_doubt(right: int, images: int) -> str:
    return f"{right / images:.2f} {between(right, images)}"
