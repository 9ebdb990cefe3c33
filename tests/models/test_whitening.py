import numpy as np
import pytest
import torch

from hashing.errors import InputError
from hashing.models import fit_whitening


def test_components_keep_the_root_of_their_variance() -> None:
    random = np.random.default_rng(0)
    features = (
        random.standard_normal((500, 12)) @ random.standard_normal((12, 12)) * 5 + 3
    ).astype(np.float32)
    weight, bias = fit_whitening(features, 6)
    whitened = (torch.from_numpy(features) @ weight.T + bias).numpy()
    standard = (features - features.mean(0)) / features.std(0)
    variances = np.linalg.svd(standard, compute_uv=False)[:6] ** 2 / len(features)
    np.testing.assert_allclose(whitened.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(
        whitened.T @ whitened / len(features), np.diag(np.sqrt(variances)), atol=1e-3
    )


def test_a_feature_that_never_changes_says_nothing() -> None:
    features = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    features[:, 2] = 7
    weight, bias = fit_whitening(features, 3)
    assert not weight[:, 2].any()
    assert weight.isfinite().all()
    assert bias.isfinite().all()


def test_fewer_pictures_than_components() -> None:
    with pytest.raises(InputError, match=r"at least 8 pictures .* found 5"):
        fit_whitening(np.zeros((5, 20), np.float32), 8)


def test_few_pictures_tell_the_same_by_their_products() -> None:
    random = np.random.default_rng(0)
    features = (random.standard_normal((40, 90)) * random.uniform(1, 3, 90)).astype(np.float32)
    weight, bias = fit_whitening(features, 8)
    whitened = (torch.from_numpy(features) @ weight.T + bias).numpy()
    standard = (features - features.mean(0)) / features.std(0)
    variances = np.linalg.svd(standard, compute_uv=False)[:8] ** 2 / len(features)
    np.testing.assert_allclose(
        whitened.T @ whitened / len(features), np.diag(np.sqrt(variances)), atol=1e-3
    )
