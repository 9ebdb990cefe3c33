import pytest
import torch
from torch.nn import functional

from hashing.config import ModelConfig, Preprocessing
from hashing.models import HashModel
from hashing.models.pooling import POOLINGS, RMAC, Average, Covariances, GeM, Moments, regions


def test_gem_is_between_mean_and_maximum() -> None:
    maps = torch.rand(2, 5, 4, 4)
    pool = GeM()
    by_loop = [[(maps[b, d] ** 3).mean() ** (1 / 3) for d in range(5)] for b in range(2)]
    torch.testing.assert_close(pool([maps]), torch.tensor(by_loop))
    with torch.no_grad():
        pool.p.fill_(1)
        torch.testing.assert_close(pool([maps]), maps.mean((2, 3)))
        pool.p.fill_(200)
        torch.testing.assert_close(pool([maps]), maps.amax((2, 3)), rtol=0.02, atol=0)


def test_gem_survives_half_precision() -> None:
    maps = torch.full((1, 2, 3, 3), 1000.0, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        pooled = GeM()([maps])
    assert pooled.dtype == torch.float32
    torch.testing.assert_close(pooled, torch.full((1, 2), 1000.0))


def test_covariances_keep_single_precision() -> None:
    maps = torch.rand(2, 3, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        pooled = Covariances()([maps])
    assert torch.equal(pooled, Covariances()([maps]))


def test_gem_is_learned() -> None:
    config = ModelConfig("small_cnn", lengths=(16,), pooling="gem")
    model = HashModel(config, Preprocessing(size=64))
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    gem = model.pooling
    assert isinstance(gem, GeM)
    assert gem.p.grad is not None
    assert gem.p.grad != 0


@pytest.mark.parametrize("name", POOLINGS)
def test_a_pooling_gives_as_many_features_as_it_says(name: str) -> None:
    maps = [torch.rand(2, 5, 6, 6), torch.rand(2, 7, 3, 3)]
    pool = POOLINGS[name]()
    assert pool(maps).shape == (2, pool.width([5, 7]))


def test_moments_by_hand() -> None:
    maps = [torch.rand(2, 5, 6, 4), torch.rand(2, 3, 2, 2) * 1000]
    by_loop = [
        [
            value
            for one in maps
            for statistic in (torch.mean, _deviation)
            for value in (statistic(one[b, d]) for d in range(one.shape[1]))
        ]
        for b in range(2)
    ]
    torch.testing.assert_close(Moments()(maps), torch.tensor(by_loop), rtol=1e-4, atol=1e-4)


def _deviation(values: torch.Tensor) -> torch.Tensor:
    return values.std(correction=0)


def test_covariances_by_hand() -> None:
    maps = [torch.randn(2, 3, 6, 4), torch.randn(2, Covariances.widest + 1, 2, 2)]
    found = Covariances()(maps)
    moments = Moments()(maps)
    assert torch.equal(found[:, : moments.shape[1]], moments)
    for b in range(2):
        expected = []
        for i in range(3):
            for j in range(i, 3):
                first, second = maps[0][b, i].double(), maps[0][b, j].double()
                covariance = ((first - first.mean()) * (second - second.mean())).mean()
                expected.append(covariance / (covariance.abs() + Covariances.floor).sqrt())
        ours = found[b, moments.shape[1] :].double()
        torch.testing.assert_close(ours, torch.stack(expected), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("pool", [Moments(), Covariances()], ids=["moments", "covariances"])
def test_plain_maps_have_a_gradient(pool: Moments | Covariances) -> None:
    maps = torch.ones(1, 2, 3, 3, requires_grad=True)
    pool([maps]).sum().backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()


@pytest.mark.parametrize("pool", [Average(), Moments(), Covariances()])
def test_features_are_the_sums_of_what_regions_share(
    pool: Average | Moments | Covariances,
) -> None:
    maps = [torch.rand(2, 5, 6, 4), torch.rand(2, 3, 2, 2)]
    sums = torch.cat([share.sum((2, 3)) for share in pool.shares(maps)], dim=1)
    torch.testing.assert_close(sums, pool(maps))


def test_rmac_by_hand() -> None:
    maps = torch.rand(1, 4, 7, 7)
    # Two thirds of 7 is 4, a half is 3: one region, four and nine.
    found = regions(7, 7, 3)
    assert found == [
        (0, 0, 7),
        *[(top, left, 4) for top in (0, 3) for left in (0, 3)],
        *[(top, left, 3) for top in (0, 2, 4) for left in (0, 2, 4)],
    ]
    vectors = [maps[0, :, t : t + s, x : x + s].amax((1, 2)) for t, x, s in found]
    total = sum(vector / vector.norm() for vector in vectors)
    assert isinstance(total, torch.Tensor)
    torch.testing.assert_close(RMAC()([maps])[0], functional.normalize(total, dim=0))


def test_regions_of_rmac_cover_a_wide_map() -> None:
    seen = torch.zeros(4, 10)
    for top, left, side in regions(4, 10, 3):
        assert top + side <= 4
        assert left + side <= 10
        seen[top : top + side, left : left + side] += 1
    assert (seen > 0).all()
