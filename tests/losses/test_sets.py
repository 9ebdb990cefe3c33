"""Sets of labels: a set of one says what the label says, and a dumber calculation for the rest."""

import numpy as np
import pytest
import torch

from hashing.config import LossTerm
from hashing.errors import UsageError
from hashing.losses import LOSSES, make_objective
from hashing.losses.base import centre_of, same_label, shared_labels
from hashing.losses.hashnet import pair_term
from hashing.losses.orthohash import margin_cross_entropy

TAKING = sorted(name for name, kind in LOSSES.items() if kind.takes_sets)


def random_sets() -> torch.Tensor:
    torch.manual_seed(0)
    sets = torch.rand(9, 4) < 0.4
    sets[torch.arange(9), torch.arange(9) % 4] = True
    return sets


def test_the_losses_that_papers_define_for_sets_take_them() -> None:
    assert TAKING == ["csq", "dpsh", "dsh", "hashnet", "orthohash"]


@pytest.mark.parametrize("name", TAKING)
def test_sets_of_one_label_are_that_label(name: str) -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(9, 16), torch.arange(9) % 4
    (loss,) = make_objective([LossTerm(name)], {"x": 1.0}, {"x": 4}, (16,)).labelled.losses
    one_each = torch.nn.functional.one_hot(labels, 4).bool()
    torch.testing.assert_close(loss(logits, one_each), loss(logits, labels))


def test_pictures_are_alike_where_they_share_a_label() -> None:
    sets = random_sets()
    for i, one in enumerate(sets):
        for j, other in enumerate(sets):
            shared = len({*one.nonzero()[:, 0].tolist()} & {*other.nonzero()[:, 0].tolist()})
            assert shared_labels(sets)[i, j] == shared
            assert same_label(sets)[i, j] == (shared > 0)


def test_a_set_s_centre_is_the_majority_and_the_first_where_it_is_even() -> None:
    centres = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1], [-1, -1, 1, -1]])
    sets = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 1]]).bool()
    assert centre_of(centres, sets).tolist() == [[1, -1, 1, -1], [1, 1, -1, -1], [-1, -1, 1, -1]]


def test_orthohash_shares_its_target_over_a_set() -> None:
    sets, cosines = random_sets(), torch.rand(9, 4) * 2 - 1
    found = margin_cross_entropy(cosines, sets, 0.2, 8.0)
    total = 0.0
    for row, carried in zip(cosines.double().numpy(), sets.numpy(), strict=True):
        scores = 8 * (row - 0.2 * carried)
        logs = scores - np.log(np.exp(scores).sum())
        total -= logs[carried].mean()
    assert found.item() == pytest.approx(total / 9, rel=1e-5)


def test_hashnet_weighs_similar_pairs_by_what_they_share() -> None:
    sets, codes = random_sets(), torch.randn(9, 8).tanh()
    similar, other = [], []
    for i in range(9):
        for j in range(i + 1, 9):
            theta = 0.5 * float(codes[i] @ codes[j])
            both, either = int((sets[i] & sets[j]).sum()), int((sets[i] | sets[j]).sum())
            if both:
                similar.append(both / either * np.log1p(np.exp(-theta)))
            else:
                other.append(np.log1p(np.exp(theta)))
    expected = np.mean(similar) + np.mean(other)
    assert pair_term(codes, sets, 0.5).item() == pytest.approx(expected, rel=1e-5)


def test_rows_of_a_batch_find_their_sets_and_other_losses_refuse() -> None:
    sets, logits = random_sets(), torch.randn(3, 16)
    table = {"tags": sets.numpy()}
    fields, classes = {"tags": 1.0}, {"tags": 4}
    objective = make_objective([LossTerm("dsh")], fields, classes, (16,), sets=table)
    rows = torch.tensor([[7], [-1], [2]])
    (loss,) = objective.labelled.losses
    expected = loss(logits[[0, 2]], sets[[7, 2]])
    torch.testing.assert_close(objective(logits, rows), expected)
    assert objective.classify(logits) == [None]
    for name in ("greedyhash", "ProxyAnchorLoss"):
        with pytest.raises(UsageError, match="takes one label a picture, but tags is in data"):
            make_objective([LossTerm(name)], fields, classes, (16,), sets=table)
