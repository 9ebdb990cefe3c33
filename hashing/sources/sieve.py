"""What is passed over by its name: folders that systems keep for themselves, what one excludes."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from hashing.sources.left_out import LeftOut

SYSTEM_FOLDERS = {
    # thumbnails and snapshots of network storage
    "@eadir", "@__thumb", "@snapshot", "#snapshot", "@recently-snapshot", "@sharesnap", "~snapshot",
    # recycle bins
    "#recycle", "@recycle", "$recycle.bin", "recycler", "network trash folder", "trashbox",
    # of file systems and archives
    "lost+found", "system volume information", "__macosx", "temporary items",
}  # fmt: skip
SYSTEM = "folder that a system keeps for itself"
EXCLUDED = "excluded by name"


def why_not(name: str, exclude: Sequence[str] = ()) -> str:
    """Why a file or folder is passed over, empty where it is not; its parents are not looked at.

    name: its path within the source. exclude: patterns with `*`, `?` and `[…]`; one without a
    slash is compared with the name alone, one with a slash with the whole path.
    """
    last = name.rpartition("/")[2]
    if last.casefold() in SYSTEM_FOLDERS:
        return SYSTEM
    for pattern in exclude:
        plain = pattern.strip("/")
        if fnmatchcase(name if "/" in plain else last, plain):
            return EXCLUDED
    return ""


def sift(names: Sequence[str], exclude: Sequence[str], left_out: LeftOut) -> list[str]:
    """The names of an archive's members without those that are passed over, or lie within such."""
    kept = []
    told = set()
    for name in names:
        parents = [str(parent) for parent in PurePosixPath(name).parents][-2::-1]
        place = next((each for each in (*parents, name) if why_not(each, exclude)), None)
        if place is None:
            kept.append(name)
        elif place not in told:
            told.add(place)
            left_out.note(why_not(place, exclude), place)
    return kept
