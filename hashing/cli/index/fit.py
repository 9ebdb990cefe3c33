"""`index.py fit`: a model from pictures alone, without training."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import emit, suggest, when_interrupted, word
from hashing.cli.index.options import Commands, command, model_options, picture_options
from hashing.errors import UsageError
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.fit import Fit

SHOWN_FAILURES = 5
FEWEST_DISTINCT = 0.5
"""Share of the pictures; with fewer distinct codes a network tells too little apart."""


def add_commands(commands: Commands) -> None:
    """`fit`."""
    parser = command(commands, "fit", fit, "Make a model from unlabelled pictures.")
    picture_options(parser)
    model_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL", help="model folder")
    parser.add_argument(
        "--backbone",
        help="network (default that of the weights, or resnet50); timm:NAME is any model of timm",
    )
    parser.add_argument(
        "--weights",
        metavar="package|imagenet|FILE|MODEL|none",
        help="where the network's weights come from; imagenet is a download (default what is at "
        "hand: a package of the extra [weights], or the released model for artworks)",
    )
    parser.add_argument("--bits", type=int, default=64, help="longest code length (default 64)")
    parser.add_argument("--method", choices=("itq", "pca"), default="itq", help="default itq")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="side of the network's input")
    parser.add_argument("--seed", type=int, default=0, help="of everything random (default 0)")


def fit(arguments: argparse.Namespace) -> int:
    """Fit and save; refuses an existing folder before any work."""
    from hashing.fit import save_fit

    if arguments.out.exists():
        raise UsageError(f"{arguments.out} exists already: choose another --out")
    with when_interrupted("nothing was written: the same command begins anew"):
        fitted = _fit(arguments)
    save_fit(fitted, arguments.out)
    return _report(fitted, arguments)


def _fit(arguments: argparse.Namespace) -> "Fit":
    from hashing.fit import fit_pictures

    return fit_pictures(
        arguments.images,
        bits=arguments.bits,
        metadata=arguments.metadata,
        columns=dict(arguments.columns),
        backbone=arguments.backbone,
        weights=arguments.weights,
        method=arguments.method,
        size=arguments.size,
        seed=arguments.seed,
        device=arguments.device,
        workers=arguments.workers,
    )


def _report(fitted: "Fit", arguments: argparse.Namespace) -> int:
    for item, error in fitted.failures[:SHOWN_FAILURES]:
        log(f"left out {item.path}: {error}")
    if len(fitted.failures) > SHOWN_FAILURES:
        log(f"left out {len(fitted.failures)} broken pictures in all")
    log(f"{arguments.out}: {fitted.method} on {fitted.pictures:,} pictures")
    if fitted.distinct < fitted.pictures * FEWEST_DISTINCT:
        log(
            f"warning: only {fitted.distinct:,} distinct codes of {fitted.pictures:,} pictures, so "
            "most cannot be told apart: fit again with trained --weights (imagenet, a file, "
            "or a model such as checkpoints/artworks-lite)"
        )
    if arguments.json:
        emit(
            {
                "model": str(arguments.out),
                "bits": fitted.model.bits,
                "pictures": fitted.pictures,
                "distinct": fitted.distinct,
                "digest": fitted.digest,
            }
        )
        return 0
    model, images = word(arguments.out), word(arguments.images)
    index = word(f"{arguments.images.name}.index")
    suggest(f"index.py build --model {model} --images {images} --out {index}")
    return 0
