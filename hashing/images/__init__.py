"""Pictures: one decoder from bytes or a path, the network's square view, previews."""

from hashing.images.decoder import decode
from hashing.images.forms import Picture, open_picture
from hashing.images.kinds import HEAD, KINDS, kind_of
from hashing.images.limits import FILES, FULL_SIZE, UPLOADS, Limits, files_up_to
from hashing.images.rendering import shows_something
from hashing.images.squares import (
    Fit,
    checked_preview,
    decoded_preview,
    encode_jpeg,
    main_colours,
    opened_preview,
    to_square,
)

__all__ = [
    "FILES",
    "FULL_SIZE",
    "HEAD",
    "KINDS",
    "UPLOADS",
    "Fit",
    "Limits",
    "Picture",
    "checked_preview",
    "decode",
    "decoded_preview",
    "encode_jpeg",
    "files_up_to",
    "kind_of",
    "main_colours",
    "open_picture",
    "opened_preview",
    "shows_something",
    "to_square",
]
