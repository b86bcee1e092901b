"""What does the state table know of release keys, and how is that changed? How it is written down:
lambdas/aws/keys_item.py.
"""

from collections.abc import Mapping

from lambdas.aws import items, keys_item, rollback_item
from lambdas.aws.keys_item import Keys, Renewed
from lambdas.aws.rollback_item import Rollback
from lambdas.aws.table import Items


class KnownKeys(Items):
    def keys(self) -> Keys:
        return keys_item.to_keys(self._item(items.KEYS))

    def renewed(self, epoch: int) -> Renewed | None:
        """The release's signature by a newer key than it was published with, if there is one."""
        return keys_item.to_renewed(self._item(f"{items.SIGNATURE}{epoch}"))

    def renew(self, epoch: int, new: Renewed) -> None:
        self._update(keys_item.renewed(epoch, new))

    def change_keys(
        self, new: Keys, releases: Mapping[int, Renewed], rollback: Rollback | None
    ) -> bool:
        """In one moment with the signatures by the key that signs from then on: of these releases,
        and of the statement that leads back. False: another was faster.
        """
        changes = [keys_item.changed(new)]
        changes += [keys_item.renewed(epoch, signed) for epoch, signed in releases.items()]
        if rollback:
            changes.append(rollback_item.signed_anew(rollback))
        return self._all(*changes)
