"""What can surprise us?
Exceptions whose class names are the error names that the workflows and logs show.

Expected outcomes (nothing new, too few pictures, a refused model) are values, not exceptions.

LensloopError
├── SettingsError   a setting in cdk.json is wrong
├── StaleEpoch      another run holds the lease now; this one must write nothing
├── BadArtifact     a file of a training job or a release is missing, damaged or not what it must be
└── PictureError    a picture cannot be used; the message says why, for the person who put it there
"""


class LensloopError(Exception):
    """The root: the message is a sentence for a person."""


class SettingsError(LensloopError):
    pass


class StaleEpoch(LensloopError):
    pass


class BadArtifact(LensloopError):
    pass


class PictureError(LensloopError):
    pass
