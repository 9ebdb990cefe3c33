import numpy as np
import pytest
import torch

from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.errors import UsageError
from hashing.models import HashModel, normalise


def test_logits_are_as_long_as_the_longest_code(model: HashModel) -> None:
    assert model.lengths == (16, 32)
    assert model(torch.rand(3, 3, 32, 32)).shape == (3, 32)
    assert model.features(torch.rand(3, 3, 32, 32)).shape == (3, 500)


@pytest.mark.parametrize("lengths", [(), (7,), (12, 24), (32, 16), (16, 16), (0, 8)])
def test_lengths_are_ascending_multiples_of_8(lengths: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="ascending multiples of 8"):
        HashModel(ModelConfig("small_cnn", lengths=lengths), Preprocessing())


def test_unknown_backbone_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown backbone 'resnet5'; did you mean resnet50"):
        HashModel(ModelConfig("resnet5"), Preprocessing())


def test_one_length_may_be_any_from_8() -> None:
    model = HashModel(ModelConfig("small_cnn", lengths=(12,)), Preprocessing(32)).eval()
    assert model(torch.rand(3, 3, 32, 32)).shape == (3, 12)
    encoder = Model(model)
    assert (encoder.bits, encoder.lengths) == (16, (16,))
    codes = encoder.encode([np.full((32, 32, 3), grey, np.uint8) for grey in (0, 99)])
    assert codes.bits == 16
    assert len(set(codes.unpacked()[:, 12:].ravel().tolist())) == 1


def test_folded_head_equals_batchnorm(model: HashModel) -> None:
    images = torch.randn(4, 3, 32, 32)
    weight, bias = model.folded_head()
    folded = model.features(images) @ weight.T + bias
    torch.testing.assert_close(folded, model(images), rtol=1e-5, atol=1e-5)


def test_a_single_picture_is_encoded_like_one_of_many(model: HashModel) -> None:
    images = torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(model(images[:1]), model(images)[:1])


def test_normalise_by_hand() -> None:
    squares = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    squares[0, 0, 1] = torch.tensor([255, 0, 51])
    images = normalise(squares, Preprocessing(size=2, mean=(0.5, 0.5, 0.1), std=(0.5, 0.25, 0.1)))
    assert images.shape == (1, 3, 2, 2)
    torch.testing.assert_close(images[0, :, 0, 1], torch.tensor([1.0, -2.0, 1.0]))


def test_features_may_be_given_in_place_of_pictures(model: HashModel) -> None:
    images = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(model(model.features(images)), model(images))


def test_an_mlp_is_whitening_a_hidden_layer_and_the_hash_layer() -> None:
    torch.manual_seed(0)
    config = ModelConfig("small_cnn", lengths=(16,), whiten=24, head="mlp", dropout=0.3)
    model = HashModel(config, Preprocessing(size=32)).eval()
    weight, bias = torch.randn(24, 500), torch.randn(24)
    model.whiten(weight, bias)
    assert model.mlp is not None
    images = torch.rand(4, 3, 32, 32)
    whitened = model.features(images) @ weight.T + bias
    hidden = model.mlp[1](whitened @ model.mlp[0].weight.T).clamp(min=0)
    folded, shift = model.folded_head()
    torch.testing.assert_close(model(images), hidden @ folded.T + shift, rtol=1e-4, atol=1e-4)


def test_fitted_bits_are_the_last_of_every_length_and_see_no_dropout() -> None:
    torch.manual_seed(0)
    config = ModelConfig("small_cnn", lengths=(8, 16), fitted=0.25, head="mlp", dropout=0.5)
    model = HashModel(config, Preprocessing(size=32))
    assert model.fitted is not None
    features = torch.randn(4, 500)
    fitted = model.fitted(features)
    for logits in (model.train()(features), model(features), model.eval()(features)):
        torch.testing.assert_close(logits[:, [6, 7, 14, 15]], fitted)
    learned = logits[:, [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]]
    model.fitted.reset_parameters()
    torch.testing.assert_close(model(features)[:, :6], learned[:, :6])
    assert model.mlp is not None
    folded, shift = model.folded_head()
    torch.testing.assert_close(learned, model.mlp(features) @ folded.T + shift)


def test_dropout_leaves_out_features_in_training_alone() -> None:
    config = ModelConfig("small_cnn", lengths=(16,), dropout=0.5, batchnorm=False)
    model = HashModel(config, Preprocessing(size=32))
    features = torch.ones(1, 500)
    assert not torch.equal(model.train()(features), model(features))
    assert torch.equal(model.eval()(features), model(features))


@pytest.mark.parametrize("components", [501, -1])
def test_whitening_has_no_more_components_than_features(components: int) -> None:
    config = ModelConfig("small_cnn", lengths=(16,), whiten=components)
    with pytest.raises(UsageError, match=r"from 0 to 500, the features of small_cnn"):
        HashModel(config, Preprocessing(size=32))
