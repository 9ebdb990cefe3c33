"""The data sets by name; each is a `Catalogue`, from torchvision, a folder, an archive or drawn.

Everything here runs in the calling process and may write only below the data set's own root.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generated_artworks import generate
from hashing.config import DataConfig
from hashing.data.lists import read_lists
from hashing.errors import InputError, UsageError
from hashing.registry import find
from hashing.sources import Catalogue, Item, read_catalogue

Progress = Callable[[int], None]
Loader = Callable[[DataConfig, Progress], Catalogue]
"""Hears how many more pictures are drawn."""

DOWNLOADS = Path("data")
"""Where CIFAR and generated artworks are kept unless a root is given."""

_ARCHIVES = (".tar", ".gz", ".tgz")


@dataclass(frozen=True)
class PixelCatalogue(Catalogue):
    """A catalogue whose pictures lie in memory.

    pixels: uint8 `[N, S, S, 3]`.
    """

    pixels: NDArray[np.uint8] = field(kw_only=True)

    def read(self, item: Item) -> bytes:
        """The picture as a BMP file, which loses nothing."""
        buffer = io.BytesIO()
        Image.fromarray(self.pixels[item.id]).save(buffer, "BMP")
        return buffer.getvalue()


def load_dataset(config: DataConfig, on_progress: Progress = lambda count: None) -> Catalogue:
    """The data set that `config` names, at its root.

    Raises UsageError for an unknown name or a missing root, InputError where the pictures cannot
    be had.
    """
    return find_dataset(config.name)(config, on_progress)


def find_dataset(name: str) -> Loader:
    """What reads the data set of this name. Raises UsageError where there is none."""
    return find("data set", name, DATASETS, takes=("config", "on_progress"))


def check_root(config: DataConfig) -> Path:
    """Where one's own pictures lie. Raises UsageError, InputError where nothing is there."""
    if config.root is None:
        raise UsageError("expected data.root, a folder or tar archive of pictures, found none")
    if not config.root.exists():
        raise InputError(
            f"expected a folder or a tar archive of pictures as data.root, found nothing: "
            f"{config.root}"
        )
    return config.root


def _folder(config: DataConfig, _: Progress) -> Catalogue:
    return read_catalogue(check_root(config), config.metadata)


def _lists(config: DataConfig, _: Progress) -> Catalogue:
    if config.root is None:
        raise UsageError("expected data.root, a folder with train.txt and test.txt, found none")
    return read_lists(config.root)


def _generated(config: DataConfig, on_progress: Progress) -> Catalogue:
    # Recipes of other counts and seeds leave each other's pictures alone.
    root = config.root or DOWNLOADS / f"generated-{config.count}-{config.seed}"
    return read_catalogue(generate(root, config.count, seed=config.seed, on_progress=on_progress))


def _cifar(kind: str, config: DataConfig, _: Progress) -> Catalogue:
    """Torchvision's files, downloaded when absent; or an archive or folder with `train`, `test`."""
    root = config.root or DOWNLOADS
    if root.is_file() or root.suffix in _ARCHIVES or (root / "train").is_dir():
        return read_catalogue(root, config.metadata)
    parts = {part: _load_cifar(kind, root, part == "train") for part in ("train", "test")}
    items = [
        Item(0, f"{part}/{source.classes[label]}/{row:05}.bmp", {"label": source.classes[label]})
        for part, source in parts.items()
        for row, label in enumerate(source.targets)
    ]
    return PixelCatalogue(
        root,
        [Item(i, item.path, item.fields) for i, item in enumerate(items)],
        {"label": str},
        pixels=np.concatenate([source.data for source in parts.values()]),
    )


def _load_cifar(kind: str, root: Path, train: bool) -> Any:
    from torchvision import datasets  # imports torch, which takes seconds

    source = getattr(datasets, kind)
    try:
        return source(root, train=train)
    except RuntimeError:  # absent or incomplete
        pass
    try:
        return source(root, train=train, download=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"expected {kind} in {root.absolute()} and cannot download it ({error}); put "
            f"{source.filename} there, or give an archive or folder of pictures with parts "
            "train and test as data.root"
        ) from error


DATASETS: Mapping[str, Loader] = {
    "cifar10": partial(_cifar, "CIFAR10"),
    "cifar100": partial(_cifar, "CIFAR100"),
    "folder": _folder,
    "generated": _generated,
    "lists": _lists,
}
