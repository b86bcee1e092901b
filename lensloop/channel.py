"""What is a training job given? A channel of its request, as CreateTrainingJob has it."""

from typing import Any


def channel(name: str, address: str, *, listed: bool = False) -> dict[str, Any]:
    """Everything below an S3 address, or the objects that are `listed` in it."""
    source = {
        "S3DataType": "ManifestFile" if listed else "S3Prefix",
        "S3Uri": address,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"ChannelName": name, "InputMode": "File", "DataSource": {"S3DataSource": source}}
