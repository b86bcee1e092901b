"""Why did the demo end early? A sentence, and the log that has more."""

from pathlib import Path

from local.errors import LocalCloudError


class DemoFailed(LocalCloudError):
    """Something that the story promises was not seen."""

    def __init__(self, sentence: str, log: Path | None = None) -> None:
        super().__init__(sentence)
        self.log = log
