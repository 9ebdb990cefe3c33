"""A model without training: mean, PCA and ITQ of the user's own pictures as the hash layer.

Everything is linear in the backbone's features, so the result is an ordinary `HashModel`.
Symbols: F features `[N, D]`, V their principal components `[N, bits]` (largest first).
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.config import ModelConfig, Preprocessing
from hashing.device import choose_device
from hashing.encoding import Model, prepared_batches
from hashing.errors import ImageError, InputError, UsageError
from hashing.models import (
    HashModel,
    at_hand,
    check_backbones,
    own_preprocessing,
    place_of,
    read_manifest,
    save_model,
)
from hashing.models.whitening import signed
from hashing.progress import log, progress
from hashing.sources import Catalogue, Item, read_catalogue

Method = Literal["itq", "pca"]
Matrix: TypeAlias = NDArray[np.float64]

MAX_PICTURES = 20_000
"""Of more pictures a random choice is used: the rotation has long settled by then."""

ROUNDS = 50
"""Alternations of ITQ, as in the paper."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model and what it was fitted on.

    pictures: how many. distinct: how many different codes these have.
    digest: sha256 over the sha256 of each encoded picture, in order.
    failures: pictures that could not be decoded and were left out.
    """

    model: HashModel
    method: Method
    pictures: int
    distinct: int
    digest: str
    failures: list[tuple[Item, ImageError]]


def fit(
    config: ModelConfig,
    preprocessing: Preprocessing,
    catalogue: Catalogue,
    *,
    method: Method = "itq",
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
    on_progress: Callable[[int], None] = lambda pictures: None,
) -> Fit:
    """Fit the hash layer of `config`'s network to a catalogue, without labels.

    on_progress: told how many pictures were read since the last call.

    The same arguments give the same model. Raises InputError for fewer pictures than bits,
    UsageError for more bits than the backbone has features.
    """
    model = _backbone(config, preprocessing, seed, device)
    if model.bits > model.channels:
        raise UsageError(
            f"expected at most {model.channels} bits, the features of {config.backbone}, "
            f"found {model.bits}: ask for fewer --bits"
        )
    chosen = _choose(catalogue.items, seed)
    features, digest, failures = _features(model, catalogue, chosen, workers, on_progress)
    if len(features) < model.bits:
        raise InputError(
            f"expected at least as many pictures as bits, {model.bits}, found {len(features)} "
            f"that can be read in {catalogue.root}: add pictures or ask for fewer --bits"
        )
    weight, bias = linear_hash(features, model.lengths, method, seed)
    with torch.no_grad():
        model.hash_layer.weight.copy_(torch.from_numpy(weight))
        model.hash_layer.bias.copy_(torch.from_numpy(bias))
    codes = Codes.from_logits(features @ weight.T.astype(np.float32) + bias)
    return Fit(model, method, len(features), codes.count_distinct(), digest, failures)


def fit_pictures(
    images: Path,
    *,
    bits: int = 64,
    metadata: Path | None = None,
    columns: Mapping[str, str] = {},
    backbone: str | None = None,
    weights: str | None = None,
    method: Method = "itq",
    size: int | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
) -> Fit:
    """Read a source of pictures and fit to it, under a progress; raises like `fit`.

    weights: `package`, `imagenet`, a file, `none`, or a model folder, whose network and
    preprocessing come along; by default `at_hand`. backbone, size: instead of those.
    """
    if weights is None:
        backbone, weights = at_hand(backbone)
    config, preprocessing = ModelConfig(), Preprocessing()
    if backbone and backbone.startswith("timm:"):
        preprocessing = own_preprocessing(backbone)
    place = place_of(weights)
    if place is not None and place.is_dir():
        manifest = read_manifest(place)
        config, preprocessing = manifest.model, manifest.preprocessing
        if backbone is None:
            check_backbones(config)
    # prefixes of a code begin and end with whole bytes
    nested = ModelConfig().lengths if bits % 8 == 0 else ()
    shorter = tuple(length for length in nested if length < bits)
    config = replace(
        config,
        backbone=backbone or config.backbone,
        weights=weights,
        lengths=(*shorter, bits),
    )
    preprocessing = replace(preprocessing, size=size or preprocessing.size)
    catalogue = read_catalogue(images, metadata, columns=columns)
    for line in catalogue.left_out.lines():
        log(f"left out {line}")
    with progress(len(catalogue), "reading", "pictures") as bar:
        return fit(
            config,
            preprocessing,
            catalogue,
            method=method,
            seed=seed,
            device=device,
            workers=workers,
            on_progress=bar.advance,
        )


def save_fit(fitted: Fit, folder: Path) -> None:
    """Publish as a model folder with a card; raises like `save_model`."""
    record = {"method": fitted.method, "pictures": fitted.pictures, "digest": fitted.digest}
    save_model(fitted.model, folder, extra={"fit": record}, files={"README.md": _card(fitted)})


def linear_hash(
    features: NDArray[np.float32], lengths: Sequence[int], method: Method, seed: int = 0
) -> tuple[Matrix, Matrix]:
    """Weight `[bits, D]` and bias `[bits]` of the layer that hashes `features` `[N, D]`.

    `pca` takes the principal components as they are. `itq` (Gong & Lazebnik 2011) rotates them so
    that signs lose least, for a nested code length by length: see `_nested_itq`.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean
    components = _principal_components(centred, lengths[-1])
    if method == "itq":
        components = components @ _nested_itq(centred @ components, lengths, seed)
    return components.T, -mean @ components


def _nested_itq(projected: Matrix, lengths: Sequence[int], seed: int) -> Matrix:
    """Directions `[bits, bits]`, of which the first L are those of the code of L bits.

    The bits that turn a code of L' into one of L are fitted among all of the first L components.
    The new components alone carry so little variance that a longer code would be a worse one. The
    components count as much as the earlier bits leave unexplained of them, so that new bits do
    not say the same again.
    """
    random = np.random.default_rng(seed)
    directions = np.zeros((lengths[-1], lengths[-1]))
    for start, stop in pairwise([0, *lengths]):
        part = projected[:, :stop]
        left = _unexplained(part, np.sign(projected @ directions[:, :start]))
        directions[:stop, start:stop] = left[:, None] * _itq(part * left, stop - start, random)
    return directions


def _unexplained(projected: Matrix, codes: Matrix) -> Matrix:
    """Share `[L]` of each component's deviation that a linear function of the codes leaves.

    At least what its own sign leaves of a Gaussian: sparing known components altogether loses
    more than it gains.
    """
    residual = projected - codes @ np.linalg.lstsq(codes, projected)[0]
    deviation = projected.std(axis=0)
    share: Matrix = residual.std(axis=0) / np.where(deviation > 0, deviation, 1)
    return np.maximum(share, math.sqrt(1 - 2 / math.pi))


def _principal_components(centred: Matrix, count: int) -> Matrix:
    """Orthonormal `[D, count]`, largest variance first, with signs that do not depend on chance."""
    if len(centred) < centred.shape[1]:  # fewer pictures than features: the smaller problem
        vectors = np.linalg.svd(centred, full_matrices=False)[2].T
    else:
        vectors = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    return signed(vectors[:, :count])


def _itq(projected: Matrix, bits: int, random: np.random.Generator) -> Matrix:
    """`bits` orthonormal directions `[L, bits]` whose signs are nearest to the projections.

    Alternates B = sgn(V R) and R = the orthonormal matrix nearest to VᵀB (Procrustes); with
    bits = L this is the paper's rotation.
    """
    rotation = np.linalg.qr(random.standard_normal((projected.shape[1], bits)))[0]
    for _ in range(ROUNDS):
        codes = np.where(projected @ rotation >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(projected.T @ codes, full_matrices=False)
        rotation = left @ right
    return rotation


def _backbone(
    config: ModelConfig, preprocessing: Preprocessing, seed: int, device: str
) -> HashModel:
    """The network with nothing but a hash layer; random weights follow from the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = HashModel(config.without_head(), preprocessing)
    return model.to(choose_device(device)).eval()


def _choose(items: Sequence[Item], seed: int) -> Sequence[Item]:
    if len(items) <= MAX_PICTURES:
        return items
    rows = np.random.default_rng(seed).choice(len(items), MAX_PICTURES, replace=False)
    return [items[row] for row in np.sort(rows)]


def _features(
    model: HashModel,
    catalogue: Catalogue,
    items: Sequence[Item],
    workers: int | None,
    on_progress: Callable[[int], None],
) -> tuple[NDArray[np.float32], str, list[tuple[Item, ImageError]]]:
    """Features of all pictures that can be read, the digest of these, and the other items."""
    encoder = Model(model)
    found, done = np.empty((len(items), model.channels), np.float32), 0
    digest = hashlib.sha256()
    failures = []
    for batch in prepared_batches(
        encoder,
        catalogue,
        items=items,
        workers=workers,
        derive=lambda data, _: hashlib.sha256(data).digest(),
    ):
        found[done : done + len(batch.squares)] = encoder.features_of(batch.squares)
        done += len(batch.squares)
        digest.update(b"".join(batch.derived))
        failures += batch.failures
        on_progress(len(batch.items) + len(batch.failures))
    return found[:done], digest.hexdigest(), failures


def _card(fitted: Fit) -> str:
    model = fitted.model
    lengths = ", ".join(str(length) for length in model.lengths)
    return f"""# A hashing model without training

| | |
|---|---|
| Method | {fitted.method.upper()} on the features of {model.config.backbone} |
| Weights of the backbone | {model.config.pretrained} |
| Code lengths | {lengths} bits, each a prefix of the next |
| Pictures fitted on | {fitted.pictures:,}, without labels |
| Digest of the pictures | `{fitted.digest}` |
| Input | {model.preprocessing.size} px, {model.preprocessing.fit} |
"""
