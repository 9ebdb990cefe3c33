"""What can be wrong in a configuration is said before any picture is read."""

import numpy as np
import torch
from torch import nn

from hashing.config import Config
from hashing.data import PROTOCOLS, check_root, find_dataset
from hashing.data.protocols import AUTO
from hashing.data.transforms import AUGMENTATIONS
from hashing.errors import UsageError, unknown
from hashing.losses import find_refinements, make_objective
from hashing.models import HashModel
from hashing.registry import find
from hashing.training.average import average_weights
from hashing.training.batches import check_batch
from hashing.training.fitted import check_fitted
from hashing.training.learner import first_layers
from hashing.training.start import check_start


def check(config: Config, processes: int = 1) -> None:
    """Look up every name, make the network with its weights, and the losses for two classes each.

    Raises UsageError for unknown names and for arguments that do not fit; InputError for a folder
    of pictures that is not there; InputError and ArtefactError for weights that cannot be had or
    do not fit the network.
    """
    find_dataset(config.data.name)
    if config.data.name == "folder":
        check_root(config.data)
    if config.data.protocol != AUTO:
        find("protocol", config.data.protocol, PROTOCOLS)
    find("augmentation", config.train.augment, AUGMENTATIONS)
    check_batch(config, processes)
    if config.optim.nesterov and (config.optim.name != "sgd" or config.optim.momentum <= 0):
        raise UsageError(
            f"expected optim.nesterov with sgd and momentum, found {config.optim.name} and "
            f"{config.optim.momentum:g}"
        )
    fields, lengths = config.data.fields, config.model.lengths
    check_start(config)
    check_fitted(config)
    with torch.random.fork_rng(devices=[]):
        network = HashModel(config.model, config.preprocessing)
        first_layers(network.backbone, config.optim.freeze_layers)
        _check_parts(network, config.train.batch, config.train.accumulate * processes)
        if config.starts:  # told here, made where training begins: no picture is read for nothing
            average_weights(config.starts)
        if fields:  # their lack is told with the columns that the data set has
            two = dict.fromkeys(fields, 2)
            sets = {field: np.zeros((0, 2), np.bool_) for field in config.data.sets}
            for field in sets:
                if field not in fields:
                    raise UsageError(unknown("label field in data.sets", field, fields))
            make_objective(
                config.losses, fields, two, lengths, share=config.centres.share, sets=sets
            )
            nothing = {field: np.empty(0, np.int64) for field in fields if field not in sets}
            find_refinements(nothing, two, config.centres.coarser)
    if config.distillation.unlabelled is not None and config.train.per_label:
        raise UsageError(
            "expected train.per_label 0 with distillation.unlabelled, found "
            f"{config.train.per_label}: pictures without a label stand in no group of one"
        )
    oversample = config.distillation.oversample
    if oversample < 1 or (oversample > 1 and config.distillation.unlabelled is None):
        raise UsageError(
            "expected distillation.oversample 1, or more with distillation.unlabelled, found "
            f"{oversample}: it says how often labelled pictures come beside unlabelled ones"
        )


def _check_parts(network: HashModel, batch: int, parts: int) -> None:
    """Raise UsageError where a norm over the pictures of a part would find one alone."""
    if batch == parts and any(isinstance(layer, nn.BatchNorm1d) for layer in network.modules()):
        raise UsageError(
            f"expected at least two pictures in each part of a batch, found {batch} in {parts} "
            "parts: of one there is nothing to normalise by"
        )
