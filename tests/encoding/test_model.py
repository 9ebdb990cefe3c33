"""Saving a model: what comes along, and what is left alone."""

from pathlib import Path

import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.models import HashModel, save_model


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A model folder as training leaves it."""
    torch.manual_seed(0)
    network = HashModel(ModelConfig("small_cnn", lengths=(16,)), Preprocessing(size=32))
    extra, files = {"closeness": {"bounds": {}}}, {"README.md": "# card", "bits.svg": "<svg/>"}
    save_model(network, tmp_path / "trained", extra=extra, files=files, half=True)
    (tmp_path / "trained" / ".cache").mkdir()
    (tmp_path / "trained" / "notes.txt").touch()
    return tmp_path / "trained"


def test_a_copy_is_the_same_model_with_all_that_is_said_of_it(
    trained: Path, tmp_path: Path
) -> None:
    model = Model.load(trained)
    before = model.fingerprint
    model.save(tmp_path / "copy")
    assert model.folder == tmp_path / "copy"
    for copy in (model, Model.load(tmp_path / "copy")):
        assert copy.fingerprint == before
        assert copy.noted == {"closeness": {"bounds": {}}}
    names = ["README.md", "bits.svg", "config.json", "model.safetensors"]
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == names
    assert all((tmp_path / "copy" / n).read_bytes() == (trained / n).read_bytes() for n in names)


def test_onto_its_own_folder_nothing_is_lost(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(trained, target_is_directory=True)
    for place in (trained, tmp_path / "link"):
        Model.load(trained).save(place)
    assert (trained / "README.md").read_text() == "# card"
    assert (trained / "notes.txt").exists()


def test_a_network_that_was_changed_since_is_what_is_saved(trained: Path, tmp_path: Path) -> None:
    model = Model.load(trained)
    before = model.fingerprint
    with torch.no_grad():
        model.network.hash_layer.bias += 1
    bias = model.network.hash_layer.bias.clone()
    model.save(tmp_path / "changed")
    saved = Model.load(tmp_path / "changed")
    assert torch.equal(saved.network.hash_layer.bias, bias)
    assert saved.fingerprint == model.fingerprint != before
    assert saved.noted == {}


def test_a_model_whose_folder_was_taken_away_is_saved_from_memory(
    trained: Path, tmp_path: Path
) -> None:
    model = Model.load(trained)
    trained.rename(tmp_path / "elsewhere")
    model.save(trained)
    assert Model.load(trained).bits == 16


@pytest.mark.parametrize("name", ["trained", "colour"])
def test_what_is_no_such_model_is_left_alone(trained: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("do not lose me")
    model = Model.load(trained if name == "trained" else name)
    with pytest.raises(UsageError, match="choose another place"):
        model.save(tmp_path / "letters")
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


def test_a_descriptor_takes_its_own_place_alone(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "texture").mkdir()
    (tmp_path / "texture" / ".descriptor.json.0123abcd.new").touch()  # of a process that died
    for _ in range(2):
        Model.load("texture").save(tmp_path / "texture")
    assert Model.load(tmp_path / "texture").descriptor == "texture"
    with pytest.raises(UsageError, match="no descriptor's folder"):
        Model.load("texture").save(trained)
    assert Model.load(trained).descriptor is None
