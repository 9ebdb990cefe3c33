"""The functions of the package's face: models made, and codes of any model searched and judged."""

from collections.abc import Collection, Hashable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.metrics import Labels, LabelSets, Relevance, RetrievalMetrics, graded
from hashing.metrics import evaluate as evaluate_codes
from hashing.search import NO_ID, SearchRequest, SearchResult, make_engine

if TYPE_CHECKING:
    from hashing.encoding import Model
    from hashing.fit import Method

Values = Sequence[Hashable | None] | Sequence[Collection[Hashable] | None]
"""One label for each code, or a set of labels; None, NaN and pandas' NA match nothing."""


def search(
    codes: Codes | ArrayLike,
    database: Codes | ArrayLike,
    k: int = 10,
    *,
    max_distance: int | None = None,
    bits: int | None = None,
    engine: str = "scan",
) -> SearchResult:
    """Search codes of any model by Hamming distance, exactly; no index and no pictures needed.

    Args:
        codes: the Q queries: `Codes`, or an array that says by itself what it is (`Codes.of`):
            packed uint8, bool bits, signs −1 and +1, or logits `[Q, …]`.
        database: the N codes to search, in any of these forms.
        k: how many of them for each query; more than N gives N.
        max_distance: leave out what differs in more bits.
        bits: compare only the first bits of every code.
        engine: `scan`, `reference`, `faiss`, or one from outside.

    Returns:
        `ids`, int64 `[Q, k]`, rows of the database, and `distances`, int32 `[Q, k]`, ordered by
        (distance, id). With `max_distance` rows are filled up with id −1 and distance bits + 1.

    Raises:
        UsageError: the codes are of different lengths, or an argument is out of range.

    Example:
        >>> import hashing as ah
        >>> database = ah.Codes.from_hex(["00", "0f", "ff"], 8)
        >>> found = ah.search(ah.Codes.from_hex(["0e"], 8), database, k=2)
        >>> found.ids.tolist(), found.distances.tolist()
        ([[1, 0]], [[1, 3]])
    """
    queries, stored = Codes.of(codes), Codes.of(database)
    if queries.bits != stored.bits:
        raise UsageError(
            f"expected queries of {stored.bits} bits like the database, found {queries.bits}"
        )
    if bits is not None:
        queries, stored = queries.prefix(bits), stored.prefix(bits)
    request = SearchRequest(queries.whole_bytes(), k, max_distance=max_distance)
    found = make_engine(stored.whole_bytes(), name=engine).search(request)
    # engines count the bits that fill up the last byte, too
    distances = np.where(found.ids == NO_ID, np.int32(stored.bits + 1), found.distances)
    return replace(found, distances=distances)


def evaluate(
    codes: Codes | ArrayLike,
    labels: Values | Mapping[str, Values],
    database: Codes | ArrayLike | None = None,
    labels_db: Values | Mapping[str, Values] | None = None,
    *,
    ks: Sequence[int] = (1, 10, 100),
) -> RetrievalMetrics:
    """Measure how well codes of any model find what carries the same label.

    Measures are expectations over all orders of tied items (McSherry & Najork 2008): they do not
    depend on the order of the database.

    Args:
        codes: the Q queries, in any form that `search` takes.
        labels: one hashable label for each query, None, NaN or NA for none; or a set or list of
            labels, or an array of 0 and 1 `[Q, C]`: what shares a label is relevant, graded by
            how many are shared. Several fields as a mapping, the broad one first: a match in the
            n-th adds n to an item's grade.
        database: the N codes to search; without it every code is searched among all others.
        labels_db: their labels.
        ks: the k of precision@k, recall@k, nDCG@k and mAP@k.

    Returns:
        Mean average precision and its worst and best order, measures by k, statistics of the
        database's codes; it shows itself as a table. `mean_average_precision_of_found_at` is
        mAP@k as hashing papers compute it. With grades also weighted mAP and mean grades.

    Raises:
        UsageError: lengths do not agree, fields differ, or labels are of no known form.

    Example:
        >>> import hashing as ah
        >>> codes = ah.Codes.from_hex(["00", "01", "f0", "ff"], 8)
        >>> ah.evaluate(codes, ["a", "a", "b", None], ks=[1]).mean_average_precision
        0.5
    """
    queries = Codes.of(codes)
    if database is None:
        if labels_db is not None:
            raise UsageError("expected a database for its labels, found labels_db alone")
        stored, found, rows = queries, labels, range(len(queries))
        exclude = [Labels.of(rows, rows)]
    else:
        if labels_db is None:
            raise UsageError("expected the labels of the database (labels_db), found none")
        stored, found, exclude = Codes.of(database), labels_db, []
    mine, theirs = _fields(labels), _fields(found)
    if mine.keys() != theirs.keys():
        raise UsageError(f"expected fields {list(mine)} in labels_db, found {list(theirs)}")
    relevance = graded(_relevance(mine[name], theirs[name]) for name in mine)
    return evaluate_codes(queries, stored, relevance, exclude=exclude, ks=ks)


def fit(
    images: str | Path,
    *,
    bits: int = 64,
    metadata: str | Path | None = None,
    out: str | Path | None = None,
    backbone: str | None = None,
    weights: str | None = None,
    method: "Method" = "itq",
    size: int | None = None,
    seed: int = 0,
    device: str = "auto",
    workers: int | None = None,
) -> "Model":
    """Make a model from pictures alone, without labels and without training.

    Mean, principal components and rotation (ITQ, Gong & Lazebnik 2011) of the backbone's features
    become its hash layer; shorter codes are prefixes of longer ones.

    Args:
        images: a folder or a tar archive of at least as many pictures as bits.
        bits: the longest code length.
        metadata: a table that says which pictures there are; by default that within `images`.
        out: also save it as this folder, with a card.
        backbone: the network; by default that of the weights, resnet50 where they name none.
        weights: `package`, `imagenet` (a download), a file, a model folder, or `none` for random
            ones; by default what is at hand: an installed package of weights, or a released model.
        method: `itq`, or `pca` for the components as they are.
        size: side of the network's input in pixels.
        seed: of everything random; the same arguments give the same model.
        device: where the network runs, `auto`, `cpu`, `cuda`, …
        workers: threads that decode, by default one per core.

    Returns:
        The model, ready to encode.

    Raises:
        UsageError: `out` exists, more bits than features, unknown names, or no weights at hand.
        InputError: fewer pictures than bits can be read.

    Example:
        >>> import hashing as ah
        >>> small = ah.fit("pictures/", bits=16, backbone="small_cnn", weights="none", size=32)
        >>> small.encode(["a.jpg"]).bits
        16
    """
    from hashing.encoding import Model
    from hashing.fit import fit_pictures, save_fit

    if out is not None and Path(out).exists():
        raise UsageError(f"{out} exists already: choose another place for the model")
    fitted = fit_pictures(
        Path(images),
        bits=bits,
        metadata=None if metadata is None else Path(metadata),
        backbone=backbone,
        weights=weights,
        method=method,
        size=size,
        seed=seed,
        device=device,
        workers=workers,
    )
    if out is not None:
        save_fit(fitted, Path(out))
    return Model(fitted.model, None if out is None else Path(out), runtime="auto")


def train(
    recipe: str | Path,
    *,
    data: str | Path | None = None,
    out: str | Path | None = None,
    settings: Mapping[str, object] = {},
    resume: bool = False,
    device: str = "auto",
    workers: int = 2,
) -> "Model":
    """Train a model by a recipe.

    Args:
        recipe: the name of one of ours, such as `artworks`, or a YAML file.
        data: where the recipe's pictures lie (`data.root`): for recipes of one's own pictures,
            such as `artworks`, a folder or an archive with labels, as class folders or metadata;
            `demo` draws its own there.
        out: folder of the run, by default `runs/RECIPE`; its `model` is the model, with its card,
            metrics and figures.
        settings: any key of the configuration, such as `{"train.epochs": 3, "optim.lr": 0.1}`.
        resume: go on with the run in `out`, bit by bit as if it had not stopped.
        device: `auto`, `cpu`, `cuda`, …
        workers: threads that decode pictures.

    Returns:
        The model that was best on the validation part, ready to encode.

    Raises:
        UsageError: an unknown recipe or key, or a run that is there already.
        InputError: the data cannot be used.
        DivergedError: the loss stopped being finite.

    Example:
        >>> import hashing as ah
        >>> classes = {"data.fields": {"label": 1.0}, "data.protocol": "auto"}  # as class folders
        >>> model = ah.train("artworks_cpu", data="pictures/", settings=classes)  # doctest: +SKIP
    """
    from hashing.encoding import Model
    from hashing.progress import log, progress
    from hashing.recipes import read_recipe
    from hashing.training import Runtime
    from hashing.training import train as run_training

    root = {} if data is None else {"data.root": str(data)}
    folder = Path("runs") / Path(recipe).stem if out is None else Path(out)
    runtime = Runtime(device, workers, log=log, progress=progress)
    run_training(read_recipe(recipe, {**root, **settings}), folder, runtime, resume=resume)
    return Model.load(folder / "model", device)


def _fields(labels: Values | Mapping[str, Values]) -> dict[str, list[Any] | NDArray[Any]]:
    """Fields by name, each as a list, or as an array where each of C labels has 0 or 1."""
    named = labels if isinstance(labels, Mapping) else {"label": labels}
    return {name: _plain(values) for name, values in named.items()}


def _plain(values: Any) -> list[Any] | NDArray[Any]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    if getattr(values, "ndim", 1) < 2:
        return list(plain)
    array = np.asarray(plain)
    if array.shape[1:] == (1,):
        raise UsageError(
            "expected one label each as [Q], or 0 and 1 of each of C labels as [Q, C], "
            f"found {list(array.shape)}: take labels[:, 0]"
        )
    return array


def _relevance(queries: list[Any] | NDArray[Any], database: list[Any] | NDArray[Any]) -> Relevance:
    """One label each, or sets of them."""
    if isinstance(queries, np.ndarray) and isinstance(database, np.ndarray):
        return LabelSets(queries, database)
    if isinstance(queries, np.ndarray) or isinstance(database, np.ndarray):
        raise UsageError(
            "expected labels and labels_db in one form, found an array of 0 and 1 and a list"
        )
    sets = any(isinstance(value, list | Set) for value in (*queries, *database))
    return (LabelSets if sets else Labels).of(queries, database)
