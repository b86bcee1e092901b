"""How is DynamoDB asked for the items of the state table?"""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.aws.change import Change

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


class Items:
    def __init__(self, table: "Table") -> None:
        self._table = table

    def _item(self, name: str) -> dict[str, Any]:
        """Empty when it was never written. Read consistently, for a lease may have just moved."""
        return self._table.get_item(Key={"id": name}, ConsistentRead=True).get("Item", {})

    def _update(self, change: Change) -> bool:
        """False: the condition did not hold, and nothing was written."""
        try:
            self._table.update_item(**change.as_update())
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _all(self, *changes: Change) -> bool:
        return self._together(*({"Update": self._within(one.as_update())} for one in changes))

    def _together(self, *writes: Any) -> bool:
        """All or none. False: a condition did not hold."""
        try:
            # boto3 puts values into DynamoDB's form only within a list.
            self._table.meta.client.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
                return False
            raise
        return True

    def _put(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"Put": self._within({"Item": item})}

    def _within(self, request: dict[str, Any]) -> dict[str, Any]:
        """Transactions name the table in every one of their parts."""
        return {"TableName": self._table.name, **request}
