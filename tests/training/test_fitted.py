from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image

from hashing.config import (
    Config,
    DataConfig,
    LossTerm,
    ModelConfig,
    OptimConfig,
    Preprocessing,
    TrainConfig,
)
from hashing.errors import InputError, UsageError
from hashing.fit import linear_hash
from hashing.models import load_model
from hashing.models.fitted import fitted_bits
from hashing.training import Runtime, train
from hashing.training.checks import check
from hashing.training.evaluation import compute_features, compute_logits
from hashing.training.fitted import check_to_fit, whitened_hash
from hashing.training.preparation import prepare

PLACES = [6, 7, 14, 15]


def config(pictures: Path) -> Config:
    return Config(
        model=ModelConfig("small_cnn", whiten=12, dropout=0.1, lengths=(8, 16), fitted=0.25),
        preprocessing=Preprocessing(32),
        data=DataConfig("folder", pictures, protocol="holdout", fields={"label": 1.0}),
        losses=(LossTerm("greedyhash"), LossTerm("orthohash", weight=0.1)),
        optim=OptimConfig(lr=5e-3, backbone_lr=0, weight_decay=0.05),
        train=TrainConfig(epochs=20, batch=16, views=2, validate_every=0, refit=True),
    )


def test_every_length_ends_with_its_share() -> None:
    model = ModelConfig("small_cnn", lengths=(16, 32, 64), fitted=0.25)
    found = [places.tolist() for places in fitted_bits(model)]
    assert found == [[*range(12, 16)], [*range(28, 32)], [*range(56, 64)]]


@pytest.mark.parametrize("share", [0.1, 1.0, 0.01, -0.25, 1e308])
def test_a_share_of_no_whole_bits_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match=r"^expected model\.fitted to be a share .* 16, .* found"):
        fitted_bits(ModelConfig("small_cnn", lengths=(16, 32), fitted=share))


def test_more_bits_than_the_head_has_directions_are_refused(pictures: Path) -> None:
    asked = config(pictures)
    for changes in ({"whiten": 3}, {"discriminants": 3}):
        changed = replace(asked, model=replace(asked.model, **changes))
        with pytest.raises(UsageError, match=r"model\.fitted to give at most 3 bits, .* found 4: "):
            check(changed)
    check(replace(asked, model=replace(asked.model, discriminants=4)))


def test_more_bits_than_pictures_are_refused(pictures: Path, tmp_path: Path) -> None:
    asked = config(pictures)
    asked = replace(asked, model=replace(asked.model, whiten=0, lengths=(8, 480)))
    with pytest.raises(InputError, match=r"^expected at least 120 pictures to fit as many bits"):
        train(asked, tmp_path / "run", Runtime())


@pytest.mark.parametrize("several", [False, True])
def test_classes_that_nothing_is_learned_of_have_no_discriminants(
    pictures: Path, several: bool
) -> None:
    asked = config(pictures)
    asked = replace(asked, model=replace(asked.model, fitted=0.0, discriminants=3))
    examples = prepare(asked, Runtime())
    check_to_fit(asked, examples)
    labels = examples.labels["label"].copy()
    labels[examples.trained] %= 3
    carried = labels[:, None] == np.arange(4) if several else labels
    with pytest.raises(UsageError, match=r"^expected model\.discriminants up to 2, .* found 3: "):
        check_to_fit(asked, replace(examples, labels={"label": carried}))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"fitted": 0.0, "discriminants": 3}, "that differ, found"),
        ({}, "features differ in 4 ways"),
    ],
)
def test_pictures_that_are_all_the_same_are_refused(
    pictures: Path, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    for file in pictures.rglob("*.png"):
        (tmp_path / "grey" / file.parent.name).mkdir(parents=True, exist_ok=True)
        Image.new("L", (32, 32), 90).save(tmp_path / "grey" / file.parent.name / file.name)
    asked = config(tmp_path / "grey")
    asked = replace(asked, model=replace(asked.model, **changes))
    with pytest.raises(InputError, match=complaint):
        train(asked, tmp_path / "run", Runtime())


@pytest.mark.parametrize(("head", "whiten"), [("linear", 0.0), ("mlp", 0.5)])
def test_labels_change_the_other_bits_alone(
    pictures: Path, tmp_path: Path, head: Literal["linear", "mlp"], whiten: float
) -> None:
    asked = config(pictures)
    asked = replace(asked, model=replace(asked.model, head=head, fitted_whiten=whiten))
    train(asked, tmp_path / "run", Runtime())
    network, examples = load_model(tmp_path / "run" / "model"), prepare(asked, Runtime())
    rows = examples.trained
    features = compute_features(network, examples, rows)
    embedded = network.embed(torch.from_numpy(features)).detach().numpy()
    weight, bias = whitened_hash(embedded, (2, 4), whiten)
    unlabelled = embedded @ weight.T + bias
    logits = compute_logits(network, examples, rows)
    np.testing.assert_allclose(logits[:, PLACES], unlabelled / unlabelled.std(0), atol=1e-3)
    labels = examples.labels["label"][rows]
    learned = np.delete(logits >= 0, PLACES, axis=1)
    same = labels[:, None] == labels
    differing = (learned[:, None] != learned).mean(axis=2)
    assert differing[same].mean() < 0.5 * differing[~same].mean()


@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_directions_are_whitened_before_bits_are_fitted_to_them(whiten: float) -> None:
    random = np.random.default_rng(0)
    embedded = (random.standard_normal((400, 6)) * [8, 4, 2, 1, 0.5, 0] + 3).astype(np.float32)
    weight, bias = whitened_hash(embedded, (2, 4), whiten)
    whitened = embedded[:, :5] / embedded[:, :5].std(axis=0) ** whiten
    by_hand, shift = linear_hash(whitened, (2, 4), "itq")
    np.testing.assert_allclose(embedded @ weight.T + bias, whitened @ by_hand.T + shift, atol=1e-4)
    assert not weight[:, 5].any()


@pytest.mark.parametrize(("fitted", "whiten"), [(0.25, 1.5), (0.25, float("nan")), (0.0, 0.5)])
def test_no_share_to_whiten_by_is_refused(pictures: Path, fitted: float, whiten: float) -> None:
    asked = config(pictures)
    asked = replace(asked, model=replace(asked.model, fitted=fitted, fitted_whiten=whiten))
    with pytest.raises(UsageError, match=r"^expected model\.fitted_whiten from 0 to 1, .* found"):
        check(asked)


def test_features_that_change_are_refused(pictures: Path) -> None:
    asked = config(pictures)
    changed = replace(asked, optim=replace(asked.optim, backbone_lr=0.1))
    with pytest.raises(UsageError, match=r"^expected optim\.backbone_lr 0 with model\.fitted"):
        check(changed)
    check(asked)
