"""How fast pictures become codes on a CPU: PyTorch plain and ours, ONNX Runtime, a catalogue.

python benchmarks/encoding.py [--backbone resnet50] [--size 224] [--threads 1] [--rounds 5]

The runtimes take turns on the same batch, so that a busy moment of the machine hits both; shown
are medians of processor time per picture with wall time beside it. The catalogue is of generated
pictures, decoding included. The backbone's weights are random, which changes no time, and the hash
layer is fitted to the pictures, so that bits are balanced and compare like those of a real model.
Results are written to benchmarks/results/encoding.md.
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

from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import BATCH, Encoder, encode_catalogue, prepared_batches
from hashing.fit import fit
from hashing.items import Catalogue, read_catalogue
from hashing.models import HashModel, normalise

ROWS = ("PyTorch", "PyTorch, channels last (ours)", "ONNX Runtime", "a catalogue in it, decoded")
RESULT = Path(__file__).parent / "results" / "encoding.md"


@dataclass
class Row:
    """Milliseconds a picture, one entry per repetition."""

    name: str
    cpu: list[float]
    wall: list[float]

    def text(self, base: "Row") -> str:
        """One line of the table; the ratio is the median over repetitions of processor time."""
        ratios = [a / b for a, b in zip(base.cpu, self.cpu, strict=True)]
        cpu, wall = statistics.median(self.cpu), statistics.median(self.wall)
        return f"| {self.name} | {cpu:.1f} | {wall:.1f} | {statistics.median(ratios):.2f} |"


def main() -> None:
    """Measure and write the table."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        catalogue = read_catalogue(_pictures(Path(folder), arguments.size))
        config = ModelConfig(arguments.backbone, lengths=(64,))
        model = fit(config, Preprocessing(size=arguments.size), catalogue).model
        eager, onnx = Encoder(model), Encoder(model, runtime="onnx")
        squares = next(prepared_batches(eager, catalogue)).squares
        started = time.process_time()
        onnx.accelerate(squares)
        export = time.process_time() - started

        rows = [Row(name, [], []) for name in ROWS]
        for _ in range(arguments.rounds):
            _measure(rows[0], lambda: _plain(model, squares))
            _measure(rows[1], lambda: eager.logits(squares))
            _measure(rows[2], lambda: onnx.logits(squares))
            _measure(rows[3], lambda: list(encode_catalogue(onnx, catalogue)), len(catalogue))
        agreement = _agreement(eager, onnx, catalogue)

    heading = f"{arguments.backbone}, {arguments.size} px, batches of {BATCH}, "
    lines = [
        "# Encoding on a CPU",
        "",
        f"{heading}{arguments.threads} thread(s), torch {torch.__version__.split('+')[0]}; median "
        f"of {arguments.rounds} rounds in turn. Going over to ONNX Runtime took {export:.1f} s of "
        "processor time, the check of the first batch included.",
        "",
        "| | processor ms a picture | wall ms a picture | times PyTorch |",
        "|---|---|---|---|",
        *(row.text(rows[0]) for row in rows),
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


def _pictures(folder: Path, size: int) -> Path:
    """Four batches of JPEGs a little larger than the network's input, smooth like photographs."""
    random = np.random.default_rng(0)
    for number in range(4 * BATCH):
        coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3), np.uint8))
        picture = coarse.resize((size + 64, size + 32), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:03}.jpg")
    return folder


def _measure(row: Row, work: Callable[[], object], pictures: int = BATCH) -> None:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    row.cpu.append((time.process_time() - cpu) / pictures * 1000)
    row.wall.append((time.perf_counter() - wall) / pictures * 1000)


@torch.inference_mode()
def _plain(model: HashModel, squares: NDArray[np.uint8]) -> object:
    """The model called as it comes, pictures as planes."""
    return model(normalise(torch.from_numpy(squares), model.preprocessing))


def _agreement(eager: Encoder, onnx: Encoder, catalogue: Catalogue) -> str:
    """How many bits of the catalogue's codes differ."""
    differ, bits = 0, 0
    for batch in prepared_batches(eager, catalogue):
        first, second = eager.logits(batch.squares), onnx.logits(batch.squares)
        differ += int(((first >= 0) != (second >= 0)).sum())
        bits += first.size
    return f"Bits that differ between the two: {differ} of {bits:,}."


if __name__ == "__main__":
    main()
