import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import ArtefactError, UsageError
from hashing.models import (
    HashModel,
    fingerprint,
    load_model,
    read_manifest,
    round_to_half,
    save_model,
)

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
IMAGES = torch.linspace(-2, 2, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)


@pytest.fixture
def folder(model: HashModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "model", extra={"note": [1, 2]}, files={"README.md": "# card\n"})
    return tmp_path / "model"


def test_a_saved_model_gives_the_same_logits(model: HashModel, folder: Path) -> None:
    loaded = load_model(folder)
    assert not loaded.training
    assert loaded.batchnorm is None
    assert (loaded.lengths, loaded.preprocessing) == (model.lengths, model.preprocessing)
    torch.testing.assert_close(loaded(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-5)


def test_a_folder_holds_what_it_promises(folder: Path, tmp_path: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    manifest = read_manifest(folder)
    assert manifest.extra == {"note": [1, 2]}
    assert manifest.model == ModelConfig("small_cnn", lengths=(16, 32), batchnorm=False)


def test_saving_a_loaded_model_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    save_model(load_model(folder), tmp_path / "again")
    assert fingerprint(tmp_path / "again") == fingerprint(folder)


def test_the_folded_normalisation_of_a_resnet_is_whole(tmp_path: Path) -> None:
    config = ModelConfig("resnet18", stem="cifar", lengths=(16,))
    model = HashModel(config, Preprocessing(size=32))
    model(torch.randn(4, 3, 32, 32))  # moves the running statistics
    save_model(model.eval(), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    torch.testing.assert_close(loaded(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-4)
    loaded.train()(torch.randn(4, 3, 32, 32))  # may be trained on


def test_half_precision_is_about_half_the_size(model: HashModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "full")
    save_model(model, tmp_path / "half", half=True)
    sizes = [(tmp_path / n / "model.safetensors").stat().st_size for n in ("full", "half")]
    assert sizes[1] < 0.6 * sizes[0]
    loaded = load_model(tmp_path / "half")
    assert loaded(IMAGES).dtype == torch.float32
    torch.testing.assert_close(loaded(IMAGES), model(IMAGES), rtol=1e-2, atol=1e-2)


def test_a_model_that_was_rounded_is_stored_as_it_is(tmp_path: Path) -> None:
    config = ModelConfig("small_cnn", whiten=32, head="mlp", lengths=(16,), batchnorm=False)
    model = HashModel(config, Preprocessing(size=32)).eval()
    model.whiten(torch.randn(32, model.channels), torch.randn(32))
    round_to_half(model)
    save_model(model, tmp_path / "half", half=True)
    assert torch.equal(load_model(tmp_path / "half")(IMAGES), model(IMAGES))
    stored = safetensors.torch.load_file(tmp_path / "half" / "model.safetensors")
    assert stored["whitening.weight"].dtype == torch.float16


@pytest.mark.parametrize(("weights", "kept"), [(1e5, True), (1e-7, True), (1e-3, False)])
def test_a_whitening_beyond_the_range_of_half_precision_stays_whole(
    tmp_path: Path, weights: float, kept: bool
) -> None:
    config = ModelConfig("small_cnn", whiten=8, lengths=(16,), batchnorm=False)
    model = HashModel(config, Preprocessing(size=32)).eval()
    weight = torch.full((8, model.channels), 0.1)
    weight[:, 3] = weights
    weight[:, 4] = 0  # of a feature that never changes
    model.whiten(weight, torch.zeros(8))
    round_to_half(model)
    save_model(model, tmp_path / "half", half=True)
    loaded = load_model(tmp_path / "half")
    assert torch.equal(loaded(IMAGES), model(IMAGES))
    assert loaded.whitening is not None
    assert torch.equal(loaded.whitening.weight, weight) == kept


def test_the_fingerprint_sees_all_that_decides_a_code(model: HashModel, tmp_path: Path) -> None:
    def saved(name: str, model: HashModel) -> str:
        save_model(model, tmp_path / name, extra={"name": name})
        return fingerprint(tmp_path / name)

    first = saved("one", model)
    assert saved("same", model) == first
    model.preprocessing = replace(model.preprocessing, fit="stretch")
    other_fit = saved("fit", model)
    with torch.no_grad():
        model.hash_layer.bias[0] += 1
    assert len({first, other_fit, saved("bias", model)}) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("artworks-lite", "c0b4839694a9"),
        ("artworks-resnet50", "0f59fb19fdab"),
        ("artworks-resnet50-start", "75098214de0b"),
        ("cifar10-lite", "609fa3334d64"),
        ("cifar10-lite-pair", "1e31f5eadb8f"),
        ("cifar10-resnet50", "6eb2bcd0e60c"),
        ("cifar10-resnet50-start", "cfee15b4fd31"),
    ],
)
def test_a_later_version_knows_the_models_of_earlier_ones(name: str, expected: str) -> None:
    # A new setting of networks belongs in `ADDED`: an index refuses what seems another model.
    assert fingerprint(CHECKPOINTS / name).startswith(expected)


def test_a_model_is_replaced_whole(model: HashModel, folder: Path, tmp_path: Path) -> None:
    before = fingerprint(folder)
    with torch.no_grad():
        model.hash_layer.bias += 1
    save_model(model, folder)
    assert fingerprint(folder) != before
    assert not (folder / "README.md").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_failed_save_leaves_the_old_model(
    model: HashModel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(folder)

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hashing.files.os.fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        save_model(model, folder)
    assert fingerprint(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_a_crash_between_the_renames_loses_nothing(folder: Path) -> None:
    aside = folder.with_name(".model.0123abcd.replaced")
    folder.rename(aside)
    with pytest.raises(ArtefactError, match=r"rename .*\.model\.0123abcd\.replaced"):
        load_model(folder)
    load_model(aside)


def test_somebody_elses_folder_is_never_replaced(model: HashModel, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("do not lose me")
    (tmp_path / "letters" / "config.json").write_text('{"format": 1, "theme": "dark"}')
    with pytest.raises(UsageError, match="not a model folder"):
        save_model(model, tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "do not lose me"


@pytest.mark.parametrize("name", ["mine.index/items.db", "notes.txt", ".cache.txt"])
def test_what_lies_in_a_model_folder_is_not_deleted(
    model: HashModel, folder: Path, name: str
) -> None:
    other = folder / name
    other.parent.mkdir(exist_ok=True)
    other.write_text("do not lose me")
    with pytest.raises(
        UsageError, match=f"found {name.partition('/')[0]}, .* move it away"
    ) as told:
        save_model(model, folder)
    assert "\n" not in str(told.value)
    assert other.read_text() == "do not lose me"


def test_all_that_models_have_may_be_replaced(model: HashModel, folder: Path) -> None:
    for name in ("metrics.json", "recipe.yaml", "bits.svg", "answers-style.png"):
        (folder / name).touch()
    (folder / ".cache").mkdir()
    save_model(model, folder)
    assert len(list(folder.iterdir())) == 2


def test_what_a_link_leads_to_is_replaced(model: HashModel, folder: Path, tmp_path: Path) -> None:
    link, before = tmp_path / "links" / "current", fingerprint(folder)
    link.parent.mkdir()
    link.symlink_to(folder, target_is_directory=True)
    with torch.no_grad():
        model.hash_layer.bias += 1
    save_model(model, link)
    assert link.is_symlink()
    assert fingerprint(folder) != before
    assert [p.name for p in link.parent.iterdir()] == ["current"]
    aside = folder.with_name(".model.0123abcd.replaced")
    folder.rename(aside)
    with pytest.raises(ArtefactError, match=r"rename .*\.model\.0123abcd\.replaced"):
        load_model(link)


def test_folders_beside_are_left_alone(model: HashModel, folder: Path) -> None:
    others = [folder.with_name(name) for name in (".model.replaced", "model.new", ".model.new")]
    for other in others:
        other.mkdir()
        (other / "dear.txt").write_text("do not lose me")
    save_model(model, folder)
    assert all((other / "dear.txt").exists() for other in others)
    assert len(list(folder.parent.iterdir())) == 1 + len(others)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
@pytest.mark.robustness("model folder damaged or hostile")
def test_a_pipe_is_not_waited_for(folder: Path, file: str) -> None:
    (folder / file).unlink()
    os.mkfifo(folder / file)
    with pytest.raises(ArtefactError, match=f"{file}: expected a regular file, found a named pipe"):
        load_model(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
@pytest.mark.robustness("model folder damaged or hostile")
def test_truncation_is_found(folder: Path, file: str) -> None:
    path = folder / file
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ArtefactError, match=file):
        load_model(folder)


@pytest.mark.robustness("model folder damaged or hostile")
def test_a_flipped_bit_is_found(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArtefactError, match="damaged or belongs to another model"):
        load_model(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ArtefactError, match=file):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "expected model format 1, found 99"),
        ({"model": {"backbone": "resnet18"}}, "ModelConfig has other fields"),
        ({"preprocessing": None}, "damaged or not a model's"),
        ({"sha256": ""}, "damaged or belongs to another"),
    ],
)
def test_a_changed_configuration_is_found(
    folder: Path, change: dict[str, object], message: str
) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ArtefactError, match=message):
        load_model(folder)


def test_a_configuration_of_another_network_is_found(folder: Path) -> None:
    file = folder / "config.json"
    content = json.loads(file.read_text())
    content["model"]["backbone"] = "resnet18"
    file.write_text(json.dumps(content))
    with pytest.raises(ArtefactError, match="damaged") as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
