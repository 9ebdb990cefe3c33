"""Recipes for machines that are not at hand take a few steps, small enough for any."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from hashing.config import Config
from hashing.places import recipes
from hashing.recipes import read_recipe
from hashing.training.batches import Batches
from hashing.training.distributed import World
from hashing.training.examples import Examples, Part
from hashing.training.runs import make_learner

HERE = World(0, 1, torch.device("cpu"))
NEW = [
    "artworks",
    "cifar10_best",
    "cifar10_classify_cnn",
    "cifar10_classify_vgg16",
    "cifar10_imagenet_alexnet",
    "cifar10_imagenet_vgg16_bn",
    "dsh_2016_12",
    "dsh_2016_24",
    "published_dsh_alexnet",
    "published_greedyhash_alexnet",
    "published_orthohash_alexnet",
]
LEARNING_AS_A_WHOLE = {
    name
    for name, config in zip(recipes(), map(read_recipe, recipes()), strict=True)
    if config.teacher is None and config.optim.backbone_lr and config.train.epochs
}


def in_small(name: str) -> Config:
    """The recipe from random weights, on pictures of 64 px at most and in batches of eight."""
    config = read_recipe(name)
    size = 64 if config.model.backbone == "alexnet" else 32
    return replace(
        config,
        start=None,
        model=replace(config.model, weights="none", whiten=0, discriminants=0),
        preprocessing=replace(config.preprocessing, size=size),
        train=replace(
            config.train, batch=2 * max(config.train.per_label, 4), sizes=(), precision="float32"
        ),
    )


def noise(config: Config) -> Examples:
    rng, rows, size = np.random.default_rng(0), np.arange(32), config.preprocessing.size
    return Examples(
        squares=rng.integers(0, 256, (32, size, size, 3), np.uint8),
        labels=dict.fromkeys(config.data.fields, rows % 2),
        classes={field: ["a", "b"] for field in config.data.fields},
        fields=list(config.data.fields),
        contents=rows,
        splits=(),
        test=Part(rows, rows[:4], rows, {}),
        validation=None,
        about={},
    )


def few_steps(name: str) -> None:
    config = in_small(name)
    examples = noise(config)
    batches = Batches(config, examples, HERE)
    learner = make_learner(config, examples, batches.steps_per_epoch, HERE)
    before = learner.network.hash_layer.weight.clone()
    for step, batch in zip(range(2), batches(0, 0), strict=False):
        assert math.isfinite(learner.step(step, batch).loss)
    assert not torch.equal(learner.network.hash_layer.weight, before)


@pytest.mark.parametrize("name", NEW)
def test_recipes_for_a_gpu_take_a_few_steps(name: str) -> None:
    few_steps(name)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(LEARNING_AS_A_WHOLE - set(NEW)))
def test_every_recipe_takes_a_few_steps(name: str) -> None:
    few_steps(name)


def test_cutmix_pastes_what_its_labels_say() -> None:
    config = in_small("cifar10_best")
    config = replace(config, train=replace(config.train, cutmix=1.0, augment="none"))
    examples = noise(config)
    # Plain pictures, each of its own grey: what is pasted can be counted.
    grey = np.broadcast_to(np.arange(32)[:, None, None, None] * 8, (32, 32, 32, 3))
    examples = replace(examples, squares=grey.astype(np.uint8))
    seen = 0
    for batch in Batches(config, examples, HERE)(0, 0):
        assert batch.mixed is not None
        assert torch.equal(batch.mixed.labels, batch.labels.roll(1, 0))
        for image, own in zip(batch.images, batch.labels[:, -1], strict=True):
            mean, std = config.preprocessing.mean[0], config.preprocessing.std[0]
            pixels = (image[0] * std + mean) * 255 / 8
            assert (pixels.round() == own).float().mean() == pytest.approx(batch.mixed.kept)
        seen += 0 < batch.mixed.kept < 1
    assert seen == 4
    again = [batch.mixed for batch in Batches(config, examples, HERE)(0, 0)]
    later = next(Batches(config, examples, HERE)(0, 2)).mixed
    assert later is not None
    assert again[2] is not None
    assert later.kept == again[2].kept


@pytest.mark.parametrize("name", [name for name in recipes() if name.startswith("artworks")])
def test_recipes_for_ones_own_pictures_fix_no_protocol(name: str) -> None:
    """Class folders have no artists to draw by."""
    assert read_recipe(name).data.protocol == "auto"
