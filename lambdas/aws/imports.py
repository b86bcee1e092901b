"""Where did the bucket's pictures come from, as far as imports left a record?"""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from lambdas.aws import bucket, clients
from lambdas.aws.listing import list_below
from lensloop.importing import provenance, takings
from lensloop.importing.provenance import Record

_MOST = 3000  # a call each: a year of five cameras whose frames are labelled every day
_AT_ONCE = 16  # S3 answers each in some 50 ms, mostly waiting


def records() -> list[Record]:
    """The oldest first; what people took and labelled on many days as one of each source."""
    listed = list_below(clients.s3(), bucket.name(), provenance.PREFIX)
    keys = [entry.key for entry in islice(listed, _MOST)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [provenance.read(content) for content in pool.map(bucket.read, keys)]
    return takings.together(filter(None, found))
