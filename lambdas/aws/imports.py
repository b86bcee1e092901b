"""Where did the bucket's pictures come from, as far as imports left a record?"""

from itertools import islice

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_below
from lensloop.importing import provenance
from lensloop.importing.provenance import Record

_MOST = 200  # a call each; a project has a few


def records() -> list[Record]:
    """The oldest first."""
    listed = list_below(clients.s3(), bucket.name(), provenance.PREFIX)
    found = [provenance.read(bucket.read(entry.key)) for entry in islice(listed, _MOST)]
    return sorted(filter(None, found), key=lambda record: record["begun"])
