import numpy as np
import pytest
import torch

from hashing.data.mixing import mix

IMAGES = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 3, 10, 10)).astype(np.float32))


def test_neither_leaves_the_batch_as_it_is() -> None:
    mixed = mix(IMAGES, seed=0, step=0)
    assert mixed.share == 1
    assert torch.equal(mixed.images, IMAGES)


def test_mixup_is_the_weighted_sum() -> None:
    images, partners, share = mix(IMAGES, seed=0, step=3, mixup=0.8)
    assert sorted(partners.tolist()) == list(range(8))
    assert 0 < share < 1
    assert torch.allclose(images, share * IMAGES + (1 - share) * IMAGES[partners], atol=1e-6)


def test_cutmix_pastes_one_square_and_counts_it() -> None:
    shares = set()
    for step in range(30):
        images, partners, share = mix(IMAGES, seed=0, step=step, cutmix=1.0)
        for image, own, other in zip(images, IMAGES, IMAGES[partners], strict=True):
            if torch.equal(own, other):
                continue
            pasted = (image == other).all(0)
            assert torch.equal(image[:, ~pasted], own[:, ~pasted])
            assert pasted.sum() == round((1 - share) * 100)
            assert pasted.any(0).sum() * pasted.any(1).sum() == pasted.sum()
        shares.add(share)
    assert len(shares) > 5


def test_step_seed_and_rank_decide_alone() -> None:
    keys = [(seed, step, rank) for seed in (0, 1) for step in (0, 1) for rank in (0, 1)]
    shares = {
        key: mix(IMAGES, seed=key[0], step=key[1], rank=key[2], mixup=1).share for key in keys
    }
    assert len(set(shares.values())) == len(keys)
    torch.manual_seed(5)
    assert mix(IMAGES, seed=1, step=1, mixup=1).share == shares[1, 1, 0]


def test_with_both_each_is_chosen_about_half_the_time() -> None:
    ones = torch.arange(8.0).reshape(8, 1, 1, 1).expand(8, 3, 10, 10)
    blended = sum(
        bool(((mix(ones, seed=0, step=step, mixup=1, cutmix=1).images % 1) > 0).any())
        for step in range(60)
    )
    assert blended == pytest.approx(30, abs=12)
