"""How is one conditional write to an item of the state table put in DynamoDB's words?

Values are plain Python values, as boto3's resources take them, also inside transactions.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """The expressions name attributes as `#name` and values as `:name`."""

    item: str
    expression: str
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def as_update(self) -> dict[str, Any]:
        request = self._request()
        request["UpdateExpression"] = self.expression
        return request

    def as_check(self) -> dict[str, Any]:
        """For a transaction that needs the condition and leaves the item as it is."""
        return self._request()

    def _request(self) -> dict[str, Any]:
        """Every `#name` stands for itself,
        so that no attribute can collide with DynamoDB's 573 reserved words.
        """
        names = re.findall(r"#(\w+)", f"{self.expression} {self.condition}")
        request: dict[str, Any] = {
            "Key": {"id": self.item},
            "ExpressionAttributeNames": {f"#{name}": name for name in names},
        }
        if self.values:  # DynamoDB takes no empty ones
            request["ExpressionAttributeValues"] = {f":{k}": v for k, v in self.values.items()}
        if self.condition:
            request["ConditionExpression"] = self.condition
        return request
