import numpy as np
import pytest
import torch

from hashing.errors import UsageError
from hashing.models import fit_discriminants
from hashing.models.discriminants import SHRINKAGE, LabelsOf, check_discriminants


def drawn(count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Features of five classes that differ in their first four numbers and vary in the others."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, count)
    means = random.standard_normal((5, 8)) * (np.arange(8) < 4)
    spread = np.where(np.arange(8) < 4, 1, 3)
    features = means[labels] + spread * random.standard_normal((count, 8)) + 7
    return features.astype(np.float32), labels


def by_hand(
    features: np.ndarray, fields: list[tuple[LabelsOf, float]], directions: int
) -> np.ndarray:
    """Shares λ and projections by the definition, class by class."""
    centred = features.astype(float) - features.astype(float).mean(axis=0)
    between = np.zeros((features.shape[1],) * 2)
    for labels, counts in fields:
        members = (
            [labels[:, c] for c in range(labels.shape[1])]
            if labels.ndim == 2
            else [labels == c for c in range(labels.max() + 1)]
        )
        for member in members:
            if member.any():
                mean = centred[member].mean(axis=0)
                between += counts * member.sum() / len(features) * np.outer(mean, mean)
    total = np.cov(centred.T, bias=True)
    sphere = np.eye(len(total)) * np.trace(total) / len(total)
    shrunk = (1 - SHRINKAGE) * total + SHRINKAGE * sphere
    shares, vectors = map(np.real, np.linalg.eig(np.linalg.inv(shrunk) @ between))
    largest = np.argsort(-shares)[:directions]
    shares, vectors = shares[largest], vectors[:, largest]
    within = np.diag(vectors.T @ shrunk @ vectors)
    return centred @ vectors / np.sqrt(within) * np.sqrt(shares)


def test_against_the_definition() -> None:
    features, labels = drawn()
    absent = np.where(np.arange(600) % 7 == 0, -1, labels)
    pairs = np.stack([labels == 1, labels < 3, np.zeros(600, bool)], axis=1)
    fields: list[tuple[LabelsOf, float]] = [(absent, 1.0), (pairs, 0.5), (labels // 2, 2.0)]
    weight, bias = fit_discriminants(features, fields, 5)
    found = (torch.from_numpy(features) @ weight.T + bias).numpy()
    expected = by_hand(features, fields, 5)
    expected *= np.sign((expected * found).sum(axis=0))  # a direction has no sign of its own
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_what_no_label_says_is_left_out() -> None:
    features, labels = drawn(6000)  # so many that little differs by chance
    weight, _ = fit_discriminants(features, [(labels, 1.0)], 4)
    size = weight.abs().sum(dim=0)
    assert size[:4].mean() > 3 * size[4:].mean()


def test_the_same_features_give_the_same_layer() -> None:
    features, labels = drawn()
    first, second = (fit_discriminants(features, [(labels, 1.0)], 4) for _ in range(2))
    assert torch.equal(first[0], second[0])
    turned = fit_discriminants(features[:, ::-1].copy(), [(labels, 1.0)], 4)[0].flip(1)
    torch.testing.assert_close(turned, first[0], atol=1e-3, rtol=1e-3)


def test_more_directions_than_classes_differ_in_are_refused() -> None:
    check_discriminants(12, [5, 9])
    with pytest.raises(UsageError, match=r"^expected model\.discriminants up to 12, .* found 13: "):
        check_discriminants(13, [5, 9])
