"""Weights & Biases in a process of its own, which may die or hang; `tracking` runs this file.

One line of JSON after the other on standard input: the settings of the run, then what it logs,
then `null` when it has ended well. Each is answered by a line: `{}`, or `{"error": …}` and the end.
"""

import base64
import io
import json
import os
import signal
import sys
from typing import Any, TextIO


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the run, which ends this process
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever is printed is no answer
    try:
        _serve(sys.stdin, answers)
    except Exception as error:  # noqa: BLE001 (a server, a process or a disk)
        lines = str(error).splitlines()
        _answer(answers, {"error": lines[0] if lines else type(error).__name__})
        os._exit(1)  # leaving in order would wait for a process that is gone


def _serve(requests: TextIO, answers: TextIO) -> None:
    import wandb  # takes a second

    run = wandb.init(**json.loads(requests.readline()))
    _answer(answers, {})
    for line in requests:
        values = json.loads(line)
        if values is None:
            run.finish()
            _answer(answers, {})
            return
        run.log(_with_images(values), step=values.get("step"))
        _answer(answers, {})
    run.finish(exit_code=1)  # the run has died


def _with_images(values: dict[str, Any]) -> dict[str, Any]:
    import wandb
    from PIL import Image

    figures = values.pop("figures", {})
    decoded = {name: base64.b64decode(figure) for name, figure in figures.items()}
    images = {name: wandb.Image(Image.open(io.BytesIO(png))) for name, png in decoded.items()}
    return {**values, **images}


def _answer(answers: TextIO, what: dict[str, str]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
