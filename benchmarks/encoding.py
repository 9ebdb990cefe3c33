"""How fast pictures become codes on a CPU: PyTorch plain and ours, ONNX Runtime, a catalogue.

python benchmarks/encoding.py [--backbone resnet50] [--size 224] [--threads 1] [--rounds 5]

The runtimes take turns on the same batch, so that a busy moment of the machine hits both; shown
are medians of processor time per picture with wall time beside it. Catalogues are of generated
JPEGs, decoding included; filling an index does all that `index.py build` does with a picture:
reading, decoding, encoding, a preview, the tables. The backbone's weights are random, which changes
no time, and the hash layer is fitted to the pictures, so that bits are balanced and compare like
those of a real model. Results are written to benchmarks/results/encoding.md.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hashing.collection.fill import fill as fill_index
from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import BATCH, Model, encode_catalogue, prepared_batches
from hashing.fit import fit
from hashing.models import HashModel, normalise
from hashing.sources import Catalogue, read_catalogue
from hashing.store import create_index
from hashing.training.provenance import processor

LARGE = 1024
"""Side of the larger pictures in pixels."""
ROWS = (
    "PyTorch",
    "PyTorch, channels last (ours)",
    "ONNX Runtime (the bare network)",
    "a catalogue in it, decoded",
    "an index filled with it",
    f"an index filled with it, pictures of {LARGE:,} px",
)
RESULT = Path(__file__).parent / "results" / "encoding.md"


@dataclass
class Row:
    """Milliseconds a picture, one entry per repetition."""

    name: str
    cpu: list[float]
    wall: list[float]

    def text(self, eager: "Row", bare: "Row") -> str:
        """One line of the table; ratios are medians over the repetitions."""
        cpu, wall = statistics.median(self.cpu), statistics.median(self.wall)
        ratios = (
            _ratio(eager.cpu, self.cpu),
            _ratio(bare.cpu, self.cpu),
            _ratio(bare.wall, self.wall),
        )
        return (
            f"| {self.name} | {cpu:.1f} | {wall:.1f} | "
            + " | ".join(f"{ratio:.2f}" for ratio in ratios)
            + " |"
        )


def _ratio(base: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(base, other, strict=True))


def main() -> None:
    """Measure and write the table."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        catalogue = _pictures(Path(folder, "small"), arguments.size + 32, 4 * BATCH)
        large = _pictures(Path(folder, "large"), LARGE, 2 * BATCH)
        config = ModelConfig(arguments.backbone, lengths=(64,))
        model = fit(config, Preprocessing(size=arguments.size), catalogue).model
        eager, onnx = Model(model), Model(model, runtime="onnx")
        squares = next(prepared_batches(eager, catalogue)).squares
        started = time.process_time()
        onnx.accelerate(squares)
        export = time.process_time() - started

        rows = [Row(name, [], []) for name in ROWS]
        for _ in range(arguments.rounds):
            _measure(rows[0], lambda: _plain(model, squares))
            _measure(rows[1], lambda: eager.logits_of(squares))
            _measure(rows[2], lambda: onnx.logits_of(squares))
            _measure(rows[3], lambda: list(encode_catalogue(onnx, catalogue)), len(catalogue))
            _measure(rows[4], lambda: _fill_index(onnx, catalogue), len(catalogue))
            _measure(rows[5], lambda: _fill_index(onnx, large), len(large))
        agreement = _agreement(eager, onnx, catalogue)

    heading = f"{processor()}; {arguments.backbone}, {arguments.size} px, batches of {BATCH}, "
    lines = [
        "# Encoding on a CPU",
        "",
        f"{heading}{arguments.threads} thread(s), torch {torch.__version__.split('+')[0]}; median "
        f"of {arguments.rounds} rounds in turn. Going over to ONNX Runtime took {export:.1f} s of "
        "processor time, the check of the first batch included.",
        "",
        "| | processor ms a picture | wall ms a picture | processor: times PyTorch "
        "| times the bare network | wall: times the bare network |",
        "|---|---|---|---|---|---|",
        *(row.text(rows[0], rows[2]) for row in rows),
        "",
        agreement,
    ]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def _pictures(folder: Path, side: int, count: int) -> Catalogue:
    """JPEGs, smooth like photographs, a little wider than high."""
    random = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3), np.uint8))
        picture = coarse.resize((side + 32, side), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:03}.jpg")
    return read_catalogue(folder)


def _fill_index(model: Model, catalogue: Catalogue) -> None:
    """Into a new index, previews included."""
    with tempfile.TemporaryDirectory() as folder:
        index = create_index(
            Path(folder, "index"),
            bits=model.bits,
            lengths=model.lengths,
            fingerprint="benchmark",
            columns={},
            model="benchmark",
        )
        with index:
            fill_index(index, model, [catalogue])


def _measure(row: Row, work: Callable[[], object], pictures: int = BATCH) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    row.cpu.append((time.process_time() - cpu) / pictures * 1000)
    row.wall.append((time.perf_counter() - wall) / pictures * 1000)


@torch.inference_mode()
def _plain(model: HashModel, squares: NDArray[np.uint8]) -> object:
    """The model called as it comes, pictures as planes."""
    return model(normalise(torch.from_numpy(squares), model.preprocessing))


def _agreement(eager: Model, onnx: Model, catalogue: Catalogue) -> str:
    """How many bits of the catalogue's codes differ."""
    differ, bits = 0, 0
    for batch in prepared_batches(eager, catalogue):
        first, second = eager.logits_of(batch.squares), onnx.logits_of(batch.squares)
        differ += int(((first >= 0) != (second >= 0)).sum())
        bits += first.size
    return f"Bits that differ between the two: {differ} of {bits:,}."


if __name__ == "__main__":
    main()
