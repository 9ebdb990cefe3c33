"""What lies in a model folder, and how it takes its place: whole or not at all."""

import shutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from hashing.files import name_beside, sync_folder, write_new

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
BESIDE = ("README.md", "metrics.json", "recipe.yaml", "*.png", "*.svg")
"""Files that describe a model."""
CACHE = ".cache"
"""Folder within a model's for what can be made anew."""
REPLACED = ".replaced"
"""Ends the name of a model that waits while another takes its place; a crash between leaves it."""


def is_part(path: Path) -> bool:
    """Whether what lies in a model folder belongs to the model."""
    if path.is_dir():
        return path.name == CACHE
    return any(fnmatchcase(path.name, name) for name in (CONFIG, WEIGHTS, *BESIDE))


def publish_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a new folder beside, fsync, and rename; an older one steps aside until then.

    contents: files by name. Of a symbolic link what it leads to is replaced.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = name_beside(folder)
    aside = fresh.with_suffix(REPLACED)
    fresh.mkdir()
    try:
        for name, data in contents.items():
            write_new(fresh / name, [data])
        if folder.exists():
            folder.rename(aside)
        fresh.rename(folder)
        sync_folder(folder.parent)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
