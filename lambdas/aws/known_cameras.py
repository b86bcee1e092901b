"""What does the state table know of cameras, and how is that changed? How one is written down:
lambdas/aws/camera_item.py.
"""

from typing import Any

from lambdas.aws import camera_item, items
from lambdas.aws.change import Change
from lambdas.aws.table import Items
from lensloop.fleet.terms import Camera, Ordered


class KnownCameras(Items):
    def camera(self, thing: str) -> Camera | None:
        item = self._item(camera_item.key(thing))
        return camera_item.to_camera(item) if item else None

    def cameras(self) -> list[Camera]:
        """All that ever reported, in a request for each MB of the table: some 1,500 cameras."""
        found: list[Camera] = []
        asked: dict[str, Any] = {
            "FilterExpression": "begins_with(#id, :prefix)",
            "ExpressionAttributeNames": {"#id": "id"},
            "ExpressionAttributeValues": {":prefix": items.CAMERA},
        }
        while True:
            page = self._table.scan(**asked)
            found += [camera_item.to_camera(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return sorted(found, key=lambda camera: camera.thing)
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def record_report(self, camera: Camera) -> bool:
        """False: a newer report is there already."""
        return self._update(camera_item.record(camera))

    def forget_camera(self, thing: str) -> None:
        """A person has removed it. A report that is still on its way is passed over then."""
        self._table.delete_item(Key={"id": camera_item.key(thing)})

    def note_order(self, camera: Camera, ordered: Ordered) -> bool:
        """False: somebody else was faster, and this order must not be given."""
        return self._update(camera_item.order(camera.thing, ordered, camera.ordered))

    def note_told(self, thing: str, epoch: int) -> bool:
        """False: people were told before."""
        return self._update(camera_item.told(thing, epoch))

    def note_silence_told(self, camera: Camera) -> bool:
        """False: people were told before, or it has reported meanwhile."""
        return self._update(camera_item.silence_told(camera.thing, camera.seen_ms))

    def next_order_number(self) -> int:
        change = Change(items.AGAIN, "ADD #number :one", values={"one": 1})
        answer = self._table.update_item(**change.as_update(), ReturnValues="UPDATED_NEW")
        number: Any = answer["Attributes"]["number"]
        return int(number)
