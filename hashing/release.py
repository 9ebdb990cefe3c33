"""Publish a trained model: `python -m hashing.release RUN/model checkpoints/NAME --terms FILE …`.

The weights go out as they are, with card, metrics, settings and figures. Retrieval grids show
pictures of the data set, which are seldom ours to publish, and stay behind; `--answers` names one
that may go along, such as one of generated artworks.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from hashing.cli.console import Parser, add_common, run
from hashing.errors import UsageError
from hashing.progress import log

GRIDS = "answers-*.png"


def main(argv: Sequence[str]) -> int:
    """Publish one model."""
    parser = Parser(prog="python -m hashing.release", description=__doc__)
    parser.add_argument("model", type=Path, help="a model folder that training wrote")
    parser.add_argument("out", type=Path, help="where to publish it; its name heads the card")
    parser.add_argument(
        "--terms", type=Path, nargs="+", required=True, help="texts on data and their terms"
    )
    parser.add_argument("--answers", type=Path, help="a retrieval grid that may be published")
    add_common(parser)
    options = parser.parse_args(argv)
    terms = "\n".join(file.read_text(encoding="utf-8") for file in options.terms)
    release(options.model, options.out, terms, options.answers)
    log(f"published {options.out}")
    return 0


def release(model: Path, out: Path, terms: str, answers: Path | None = None) -> None:
    """Publish `model` as `out`, whole or not at all.

    terms: Markdown on the data it learned from. answers: PNG of a retrieval grid to show.
    Raises UsageError where `out` exists and where training did not write `model`, ArtefactError
    where that is damaged.
    """
    from hashing.models import load_model, publish_folder  # imports torch, which takes seconds
    from hashing.training.figures import shown
    from hashing.training.report import as_json, card

    if out.exists():
        raise UsageError(f"expected a new folder, found {out}: remove it first")
    load_model(model)
    contents = {
        file.name: file.read_bytes()
        for file in model.iterdir()
        if file.is_file() and not file.match(GRIDS)
    }
    if answers is not None:
        contents[answers.name] = answers.read_bytes()
    if "metrics.json" not in contents:
        raise UsageError(
            f"expected a model that training wrote, found no metrics.json in {model}: "
            "train one, or hand a fitted model on as it is"
        )
    metrics = json.loads(contents["metrics.json"])
    text = card(out.name, metrics, shown(contents))
    contents["metrics.json"] = as_json(metrics).encode()
    contents["README.md"] = f"{text}\n## Data and terms\n\n{terms}".encode()
    publish_folder(out, contents)


if __name__ == "__main__":
    raise SystemExit(run(main, sys.argv[1:]))
