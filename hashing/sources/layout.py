"""What the folders of a data set say of its pictures."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

NO_CLASSES = {
    "train", "training", "test", "testing", "val", "valid", "validation", "dev", "data",
    "image", "images", "img", "imgs", "picture", "pictures", "pics", "photo", "photos",
    "dcim", "camera", "roll",
}  # fmt: skip
"""Words of folders that say how a data set is laid out (`val2017`, `train_images`), not what its
pictures show."""
_CAMERAS = re.compile(r"\d{3}[A-Z0-9_]{5}")
"""Folders that cameras make (Design rule for Camera File system): `100APPLE`."""


def folder_label(path: str) -> Mapping[str, str]:
    """A picture's class: its nearest folder that is no mere part of the layout."""
    folders = reversed(PurePosixPath(path).parts[:-1])
    label = next((folder for folder in folders if not _is_layout(folder)), None)
    return {} if label is None else {"label": label}


def _is_layout(folder: str) -> bool:
    words = re.findall(r"[^\W_]+", folder.casefold().rstrip("0123456789"))
    return bool(_CAMERAS.fullmatch(folder)) or (bool(words) and set(words) <= NO_CLASSES)
