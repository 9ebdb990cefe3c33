import errno
import threading
from pathlib import Path

import pytest
import torch

from hashing.errors import ArtefactError
from hashing.training import state as states
from hashing.training.state import StateWriter, load_newest_state, save_state


def test_the_newest_state_comes_back_and_two_are_kept(tmp_path: Path) -> None:
    for step in (5, 10, 15):
        save_state(tmp_path, step, {"weights": torch.full((3,), float(step)), "scores": [(1, 0.5)]})
    state = load_newest_state(tmp_path)
    assert state is not None
    assert state["weights"].tolist() == [15, 15, 15]
    assert state["scores"] == [(1, 0.5)]
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "state-00000010.pt",
        "state-00000015.pt",
    ]


def test_a_state_is_written_as_it_was_while_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, allowed = threading.Event(), threading.Event()

    def slowly(*arguments: object) -> None:
        asked.set()
        assert allowed.wait(60)
        save_state(*arguments)

    monkeypatch.setattr(states, "save_state", slowly)
    weights, scores = torch.zeros(3), [(1, 0.5)]
    writer = StateWriter(tmp_path)
    writer.write(1, {"weights": weights, "scores": scores, "nested": [{"w": weights}]})
    assert asked.wait(60)
    weights.add_(1)
    scores.append((2, 0.7))
    assert load_newest_state(tmp_path) is None
    allowed.set()
    writer.close()
    state = load_newest_state(tmp_path)
    assert state is not None
    assert state["weights"].tolist() == state["nested"][0]["w"].tolist() == [0, 0, 0]
    assert state["scores"] == [(1, 0.5)]


def test_what_the_thread_could_not_write_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(states, "save_state", full)
    writer = StateWriter(tmp_path)
    writer.write(1, {})
    with pytest.raises(OSError, match="No space left"):
        writer.write(2, {})
    writer.write(3, {})
    with pytest.raises(OSError, match="No space left"):
        writer.close()


def test_no_state_is_none(tmp_path: Path) -> None:
    assert load_newest_state(tmp_path) is None


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
@pytest.mark.robustness("training state damaged")
def test_a_damaged_newest_state_falls_back_with_a_warning(tmp_path: Path, damage: str) -> None:
    for step in (1, 2):
        save_state(tmp_path, step, {"step": step})
    newest = tmp_path / "state-00000002.pt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes({"flip": bytes(content), "cut": content[:-1], "empty": b""}[damage])
    with pytest.warns(UserWarning, match="state-00000002.pt is damaged"):
        state = load_newest_state(tmp_path)
    assert state == {"step": 1}


def test_only_damaged_states_are_an_error(tmp_path: Path) -> None:
    save_state(tmp_path, 1, {"step": 1})
    (tmp_path / "state-00000001.pt").write_bytes(b"nothing")
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(ArtefactError, match="found 1 damaged"),
    ):
        load_newest_state(tmp_path)


def test_a_write_that_was_cut_off_leaves_no_state(tmp_path: Path) -> None:
    save_state(tmp_path, 1, {"step": 1})
    (tmp_path / ".state-00000002.pt.0123abcd.new").write_bytes(b"half")
    (tmp_path / "state-00000003.pt.new").write_bytes(b"somebody's")
    assert load_newest_state(tmp_path) == {"step": 1}
    save_state(tmp_path, 3, {"step": 3})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["state-00000001.pt", "state-00000003.pt", "state-00000003.pt.new"]
