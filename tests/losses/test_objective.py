import numpy as np
import pytest
import torch
from torch import Tensor

from hashing.config import LossTerm
from hashing.errors import UsageError
from hashing.losses import LOSSES, HashingLoss, Refinement, make_objective
from hashing.losses.cibhash import CIBHash
from hashing.losses.compose import MultiField, Nested, WeightedSum
from hashing.losses.csq import CSQ
from hashing.losses.dsh import DSH
from hashing.losses.hashnet import HashNet
from hashing.losses.terms import quantisation

LENGTHS = (16, 32)
CLASSES = {"style": 3, "artist": 40}
FIELDS = {"style": 1.0, "artist": 0.5}


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(12, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()


@pytest.fixture
def labels() -> Tensor:
    """Every third picture has no style, every fourth no artist."""
    style = torch.tensor([0, 1, -1] * 4)
    artist = torch.tensor([5, 5, 39, -1] * 3)
    return torch.stack([style, artist], 1)


@pytest.mark.parametrize("name", [*LOSSES, "SupConLoss", "ProxyAnchorLoss"])
def test_every_loss_of_the_table(name: str, logits: Tensor, labels: Tensor) -> None:
    objective = make_objective([LossTerm(name)], FIELDS, CLASSES, LENGTHS)
    pictures = torch.arange(12) // 2  # two views of each
    value = objective(logits, torch.cat([labels, pictures[:, None]], 1))
    value.backward()
    assert value.ndim == 0
    assert value.isfinite()
    assert logits.grad is not None
    assert logits.grad.abs().sum() > 0


def test_the_formula_by_hand(logits: Tensor, labels: Tensor) -> None:
    terms = [LossTerm("dsh", 2.0, {"regulariser": 0.3}), LossTerm("quantisation", 0.1)]
    found = make_objective(terms, FIELDS, CLASSES, LENGTHS)(logits, labels)
    expected = 0.1 * quantisation(logits)
    for column, weight in enumerate(FIELDS.values()):
        carried = labels[:, column] >= 0
        for bits in LENGTHS:
            loss = DSH(bits, regulariser=0.3)
            part = loss(logits[carried, :bits], labels[carried, column])
            expected = expected + weight * 2.0 * part / len(LENGTHS)
    torch.testing.assert_close(found, expected)


def test_pictures_without_a_label_do_not_count(logits: Tensor, labels: Tensor) -> None:
    objective = make_objective([LossTerm("dsh")], FIELDS, CLASSES, LENGTHS)
    only_style = labels.clone()
    only_style[:, 1] = -1
    alone = make_objective([LossTerm("dsh")], {"style": 1.0}, CLASSES, LENGTHS)
    torch.testing.assert_close(objective(logits, only_style), alone(logits, labels[:, :1]))
    nothing = objective(logits, torch.full_like(labels, -1))
    nothing.backward()
    assert nothing == 0


def test_a_loss_of_one_field_sees_no_other(logits: Tensor, labels: Tensor) -> None:
    terms = [LossTerm("dsh"), LossTerm("csq", 0.5, field="artist")]
    both = make_objective(terms, FIELDS, CLASSES, LENGTHS)
    assert list(both.centres) == ["artist"]
    everywhere = make_objective([LossTerm("dsh")], FIELDS, CLASSES, LENGTHS)
    artist = {"artist": FIELDS["artist"]}
    alone = make_objective([LossTerm("csq", 0.5)], artist, CLASSES, LENGTHS)
    expected = everywhere(logits, labels) + alone(logits, labels[:, 1:])
    torch.testing.assert_close(both(logits, labels), expected)


def test_a_field_without_a_loss_is_not_learned(logits: Tensor, labels: Tensor) -> None:
    objective = make_objective([LossTerm("dsh", field="artist")], FIELDS, CLASSES, LENGTHS)
    other = labels.clone()
    other[:, 0] = 0
    assert objective(logits, labels) == objective(logits, other)


BELONGS = Refinement("style", np.arange(40) % 3)


def test_centres_of_a_finer_field_lie_near_those_of_the_coarser() -> None:
    related = make_objective(
        [LossTerm("orthohash")],
        {"artist": 1.0, "style": 1.0},
        CLASSES,
        LENGTHS,
        refinements={"artist": BELONGS},
        share=0.25,
    )
    style, artist = (related.centres[field].signs for field in ("style", "artist"))
    for bits in LENGTHS:
        away = (artist[:, :bits] != style[BELONGS.classes, :bits]).sum(axis=1)
        assert away.max() == bits // 4
    assert related.coarser_distances() == {
        "artist": {"coarser": "style", "bits": {"16": 4, "32": 8}}
    }
    record = related.record()
    assert record["artist"]["coarser_classes"] == BELONGS.classes.tolist()
    assert record["artist"]["coarser_distances"] == {16: 4, 32: 8}
    assert "coarser" not in record["style"]


def test_a_share_of_one_leaves_fields_independent() -> None:
    def made(**args: object) -> dict[str, object]:
        return make_objective([LossTerm("csq")], FIELDS, CLASSES, LENGTHS, **args).record()  # type: ignore[arg-type]

    assert made(refinements={"artist": BELONGS}, share=1.0) == made()
    for share in (0.0, -0.1, 1.1):
        with pytest.raises(UsageError, match=r"centres\.share above 0 and at most 1"):
            made(share=share)


def test_labels_of_different_fields_never_match(logits: Tensor) -> None:
    objective = make_objective([LossTerm("dsh")], FIELDS, CLASSES, LENGTHS)
    first = torch.tensor([[0, 1], [1, 2]])
    second = torch.tensor([[0, 0], [1, 1]])
    assert objective(logits[:2], first) == objective(logits[:2], second)


def test_prefixes_of_one_centre_serve_every_length() -> None:
    objective = make_objective([LossTerm("csq")], FIELDS, CLASSES, LENGTHS)
    found = {c.centres.shape: c.centres for c in objective.modules() if isinstance(c, CSQ)}
    assert set(found) == {(3, 16), (3, 32), (40, 16), (40, 32)}
    assert torch.equal(found[3, 32][:, :16], found[3, 16])
    assert objective.centres["artist"].minimum_distances[16] >= 5


def test_the_record_holds_centres_and_distances() -> None:
    record = make_objective([LossTerm("orthohash")], FIELDS, CLASSES, LENGTHS).record()
    assert set(record) == {"style", "artist"}
    assert len(record["artist"]["centres"]) == 40
    assert len(record["artist"]["centres"][0]) == 32 / 4
    assert record["style"]["minimum_distances"][16] >= 8
    assert make_objective([LossTerm("dsh")], FIELDS, CLASSES, LENGTHS).record() == {}


def test_centres_are_not_searched_for_a_loss_without_them() -> None:
    make_objective([LossTerm("dsh")], {"person": 1.0}, {"person": 10**6}, LENGTHS)
    with pytest.raises(UsageError, match="at most 2048 classes"):
        make_objective([LossTerm("csq")], {"person": 1.0}, {"person": 10**6}, LENGTHS)


def test_progress_reaches_every_part() -> None:
    objective = make_objective([LossTerm("hashnet", args={"beta": 5.0})], FIELDS, CLASSES, LENGTHS)
    objective.step(1.0)
    parts = [part for part in objective.modules() if isinstance(part, HashNet)]
    assert len(parts) == 4
    assert {part.beta for part in parts} == {5.0}


def test_state_holds_what_was_learned(logits: Tensor, labels: Tensor) -> None:
    terms = [LossTerm("greedyhash"), LossTerm("ProxyAnchorLoss"), LossTerm("csq")]
    first = make_objective(terms, FIELDS, CLASSES, LENGTHS, seed=1)
    second = make_objective(terms, FIELDS, CLASSES, LENGTHS, seed=2)
    assert first(logits, labels) != second(logits, labels)
    second.load_state_dict(first.state_dict())
    assert first(logits, labels) == second(logits, labels)


@pytest.mark.parametrize(
    ("terms", "fields", "message"),
    [
        ([], FIELDS, "at least one loss"),
        ([LossTerm("dhs")], FIELDS, "unknown loss 'dhs'; did you mean dsh"),
        (
            [LossTerm("dsh", args={"margn": 1})],
            FIELDS,
            "argument of the loss dsh 'margn'; .*margin",
        ),
        ([LossTerm("dsh", args={"bits": 1})], FIELDS, "unknown argument of the loss dsh 'bits'"),
        ([LossTerm("dsh")], {"genre": 1.0}, "label field 'genre', found style, artist"),
        ([LossTerm("dsh")], {}, "needs a label field"),
        ([LossTerm("dsh", field="artst")], FIELDS, "'artst'; did you mean artist"),
        ([LossTerm("balance", field="artist")], FIELDS, "balance needs no labels"),
    ],
)
def test_what_cannot_be(terms: list[LossTerm], fields: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_objective(terms, fields, CLASSES, LENGTHS)


def test_views_are_told_by_the_pictures_numbers_at_every_length(
    logits: Tensor, labels: Tensor
) -> None:
    objective = make_objective([LossTerm("cibhash")], FIELDS, CLASSES, LENGTHS)
    pictures = torch.arange(12) % 5
    found = objective(logits, torch.cat([labels, pictures[:, None]], 1))
    expected = sum(CIBHash()(logits[:, :bits], pictures) for bits in LENGTHS) / len(LENGTHS)
    torch.testing.assert_close(found, expected)
    assert objective(logits, labels) == 0  # no picture is told to have two views


class Length(HashingLoss):
    """A loss from outside that needs no labels."""

    needs_labels = False

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        return logits.square().mean()


def test_a_loss_from_outside_may_need_no_labels(logits: Tensor, labels: Tensor) -> None:
    name = f"{__name__}:Length"
    objective = make_objective([LossTerm(name, 3.0)], FIELDS, CLASSES, LENGTHS)
    torch.testing.assert_close(objective(logits, labels), 3 * logits.square().mean())


def test_terms_without_labels_need_no_field(logits: Tensor) -> None:
    objective = make_objective([LossTerm("quantisation", 2.0)], {}, {}, LENGTHS)
    value = objective(logits, torch.empty(12, 0, dtype=torch.int64))
    torch.testing.assert_close(value, 2 * quantisation(logits))


def test_parts_alone(logits: Tensor) -> None:
    class Total(HashingLoss):
        def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
            return logits.sum() + labels.sum()

    labels = torch.arange(12)
    both = WeightedSum([(1.0, Total()), (-3.0, Total())])(logits, labels)
    torch.testing.assert_close(both, -2 * (logits.sum() + 66))
    nested = Nested({8: Total(), 32: Total()})(logits, labels * 0)
    torch.testing.assert_close(nested, (logits[:, :8].sum() + logits.sum()) / 2)
    column = torch.tensor([[-1], [2]] * 6)
    masked = MultiField([(0.5, Total())])(logits, column)
    torch.testing.assert_close(masked, 0.5 * (logits[1::2].sum() + 12))
