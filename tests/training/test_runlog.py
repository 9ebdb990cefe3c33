import math
from pathlib import Path

from hashing.training.runlog import RunLog, read_records


def test_a_resumed_log_has_neither_gap_nor_repetition(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = RunLog(path, 0, lambda record: None)
    for step in range(5):
        log.step(step, step / 2, 1.0)
    log.validation(4, 0, 0.25)
    log.close()
    with path.open("a") as file:
        file.write('{"step": 5, "lo')  # cut off by the kill

    told: list[object] = []
    log = RunLog(path, 3, told.append)
    log.step(3, math.nan, 0.5)
    log.close()
    assert read_records(path) == [
        {"step": 0, "loss": 0.0, "rate": 1.0},
        {"step": 1, "loss": 0.5, "rate": 1.0},
        {"step": 2, "loss": 1.0, "rate": 1.0},
        {"step": 3, "loss": None, "rate": 0.5},
    ]
    assert told == read_records(path)[3:]
