"""`Model`: a network, or a descriptor in its place, ready to encode pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.device import choose_device
from hashing.encoding.decoded import Decoded
from hashing.encoding.descriptors import (
    DESCRIPTORS,
    DescriptorNetwork,
    read_descriptor,
    save_descriptor,
)
from hashing.encoding.onnx import Output
from hashing.encoding.runner import ACCELERATE_FROM, Runtime
from hashing.encoding.thread import on_network_thread
from hashing.errors import ArtHashError, ImageError
from hashing.images import Picture, open_picture
from hashing.models import (
    copy_model,
    fingerprint,
    fingerprint_of,
    load_model,
    read_manifest,
    save_model,
)
from hashing.sources.decoding import prepare_ahead


class Model(Decoded):
    """A network that turns pictures into codes, and the folder it came from.

    Attributes:
        network: the torch module, in eval mode.
        folder: where it lies; None for a model that was never saved.

    Example:
        >>> model = ah.Model.load("checkpoints/artworks-lite")
        >>> codes = model.encode(["a.jpg", "b.jpg"])
        >>> codes.bits == model.bits
        True
    """

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", runtime: Runtime = "auto") -> Self:
        """Load a model folder, as training, `fit` and `save` make them.

        Args:
            folder: a folder with `config.json` and `model.safetensors`, or `colour`, `texture`,
                `shape`: descriptors made by hand, without a network.
            device: `cpu`, `cuda`, `cuda:1`, …, or `auto`, a GPU where there is one.
            runtime: `auto` goes over to ONNX Runtime for many pictures where it is installed,
                `onnx` for any on a CPU, or a UsageError says why it cannot; `torch` never.

        Returns:
            The model, ready to encode.

        Raises:
            ArtefactError: there is no model in the folder, or it is damaged.
            UsageError: there is no such device.

        Example:
            >>> ah.Model.load("checkpoints/artworks-lite").lengths
            (16, 32, 64)
        """
        place = Path(folder)
        name = read_descriptor(place)
        if name is None and not place.exists() and str(place) in DESCRIPTORS:
            name = str(place)
        if name is not None:
            return cls._of_descriptor(name, place)
        network = on_network_thread(load_model, place, choose_device(device))
        return cls(network, place, runtime)

    @classmethod
    def _of_descriptor(cls, name: str, folder: Path) -> Self:
        """A descriptor in a network's place; its folder is none until it is saved."""
        described = DescriptorNetwork(name)
        model = cls.__new__(cls)
        model.network = described  # type: ignore[assignment]  # what a model asks of one, it has
        model._described = described
        model.folder = folder if folder.is_dir() else None
        model.runtime = "torch"
        model._fingerprint = described.fingerprint
        return model

    @property
    def noted(self) -> Mapping[str, Any]:
        """What the folder says of the model beside what decides its codes; empty without one.

        Example:
            >>> isinstance(model.noted, dict)
            True
        """
        if self.folder is None or self.descriptor is not None:
            return {}
        return read_manifest(self.folder).extra

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every length that a prefix of the code may have (nested, or Matryoshka, codes).

        Example:
            >>> model.lengths
            (16, 32, 64)
        """
        return (*self.network.lengths[:-1], self.bits)

    def __repr__(self) -> str:
        lengths = ", ".join(map(str, self.lengths))
        if self.descriptor is not None:
            return f"Model({self.descriptor}, {lengths} bits, {self.fingerprint[:12]})"
        return f"Model({self.network.config.backbone}, {lengths} bits, {self.fingerprint[:12]})"

    def save(self, folder: str | Path) -> None:
        """Write the model as a folder, whole or not at all; one already there is replaced.

        All that its own folder says of it (card, metrics, words) comes along, unless its network
        was changed since.

        Args:
            folder: where; what is in the way and is no model is left alone.

        Raises:
            UsageError: the folder holds something else.

        Example:
            >>> model.save("copy")
            >>> ah.Model.load("copy").fingerprint == model.fingerprint
            True
        """
        place = Path(folder)
        if self.descriptor is not None:
            save_descriptor(self.descriptor, place)
            self.folder = place
            return
        if self.folder is None or not self._lies_in(self.folder):
            save_model(self.network, place)
        elif self.folder.resolve() != place.resolve():
            copy_model(self.folder, place)
        self.folder = place
        self._fingerprint = fingerprint(place)

    def _lies_in(self, folder: Path) -> bool:
        """Whether a folder holds this network as it is now, weight for weight."""
        try:
            return fingerprint_of(load_model(folder)) == fingerprint_of(self.network)
        except ArtHashError:  # it was taken away, or something else put there
            return False

    def encode(self, pictures: Sequence[Picture]) -> Codes:
        """The codes of some pictures, in their order.

        Args:
            pictures: any mix of paths, encoded bytes, PIL images and arrays, uint8 `[H, W, 3]`
                or `[H, W]`. Files are decoded while the network runs.

        Returns:
            One code of `bits` bits for each picture: bit 1 where the logit is ≥ 0.

        Raises:
            ImageError: one of them cannot be read; the message names it.

        Example:
            >>> model.encode(["a.jpg", PIL.Image.open("b.jpg"), np.zeros((32, 32, 3), np.uint8)])
            Codes(3 of 64 bits)
        """
        return Codes.from_logits(self.logits(pictures))

    def logits(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What the codes are the signs of.

        Args:
            pictures: as `encode` takes them.

        Returns:
            float32 `[N, bits]`.

        Raises:
            ImageError: one of them cannot be read; the message names it.

        Example:
            >>> ah.Codes.from_logits(model.logits(["a.jpg"])).hex() == model.encode(["a.jpg"]).hex()
            True
        """
        return self._each(pictures, "logits")

    def features(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """What the codes are made of, as `features_of` says.

        Args:
            pictures: as `encode` takes them.

        Returns:
            float32 `[N, D]`.

        Raises:
            ImageError: one of them cannot be read; the message names it.

        Example:
            >>> model.features(["a.jpg", "b.jpg"]).shape
            (2, 500)
        """
        return self._each(pictures, "embedding")

    def _each(self, pictures: Sequence[Picture], output: Output) -> NDArray[np.float32]:
        def view(one: tuple[int, Picture]) -> NDArray[np.uint8]:
            number, picture = one
            try:
                return self.square(open_picture(picture))
            except ImageError as error:
                if len(pictures) == 1 or isinstance(picture, str | Path):  # told by its path
                    raise
                message = f"picture {number} of {len(pictures)}: {error}"
                raise ImageError(message) from error.__cause__

        of = self.logits_of if output == "logits" else self.features_of
        width = self.bits if output == "logits" else self.width
        found, done = np.empty((len(pictures), width), np.float32), 0
        undecided = self.runtime == "onnx" or len(pictures) >= ACCELERATE_FROM
        numbered: Sequence[tuple[int, Picture]] = list(enumerate(pictures, 1))
        if len(pictures) == 1:  # no pool for one: a visitor waits
            batches = iter([(numbered, [view(numbered[0])])])
        else:
            batches = prepare_ahead(view, numbered)
        for _, squares in batches:
            if undecided:
                self.accelerate(np.stack(squares), output)
                undecided = False
            found[done : done + len(squares)] = of(np.stack(squares))
            done += len(squares)
        return found
