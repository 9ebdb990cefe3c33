"""What training changes: network, loss, optimiser, weight average, and one step of all of them."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from hashing.config import Config
from hashing.device import send
from hashing.errors import UsageError
from hashing.losses import Distillation, Objective, Targets
from hashing.losses.softmax import classified
from hashing.models import HashModel, use_depthwise, use_products
from hashing.training.batches import Batch
from hashing.training.distributed import World, distribute, synchronise_norms, unsynchronised
from hashing.training.optimiser import (
    WeightAverage,
    make_optimiser,
    parameter_groups,
    set_rates,
)
from hashing.training.schedule import rate_factor


class Outcome(NamedTuple):
    """What one step says: its loss, and the batch's accuracy where a loss classifies."""

    loss: float
    accuracy: float | None


class Learner:
    """A network in training.

    `step` makes one update from one batch; `state_dict` holds all that a later step depends on,
    so that a resumed run goes on to the last bit.

    distillation: what is learned from a teacher beside the objective, where there is one.
    """

    def __init__(
        self,
        config: Config,
        network: HashModel,
        objective: Objective,
        steps_per_epoch: int,
        world: World,
        distillation: Distillation | None = None,
    ) -> None:
        self.config, self.world, self.steps_per_epoch = config, world, steps_per_epoch
        self.network, self.objective = network.to(world.device), objective.to(world.device)
        self.distillation = distillation and distillation.to(world.device)
        if config.train.channels_last:
            self.network.to(memory_format=torch.channels_last)
        if world.device.type == "cpu":
            use_products(self.network)
            use_depthwise(self.network)
        # What a frozen backbone gave stays in float32: the head alone gains nothing from less.
        frozen = config.optim.backbone_lr == 0
        self.bf16 = uses_bf16(config.train.precision, world.device) and not frozen
        self._choose_what_is_trained()
        synchronise_norms(network, world)
        head = network.head_parameters()
        known = {id(parameter) for parameter in head}
        backbone = [p for p in network.parameters() if id(p) not in known]
        losses = [*objective.parameters(), *(distillation.parameters() if distillation else ())]
        groups = parameter_groups(backbone, head, losses, config.optim)
        self.parameters = [p for group in groups for p in group["params"]]
        self.optimiser = make_optimiser(groups, config.optim, world.device)
        self.average = WeightAverage(network, config.optim.ema) if config.optim.ema else None
        size = config.preprocessing.size
        example = torch.zeros((1, network.channels) if frozen else (1, 3, size, size))
        self.forward = distribute(_WithFeatures(network), world, example)
        if config.train.compile:
            self.forward.compile()

    @property
    def result(self) -> HashModel:
        """The network that is validated and kept: the average where there is one."""
        return cast(HashModel, self.average.module) if self.average else self.network

    def step(self, step: int, batch: Batch) -> Outcome:
        """Update from one batch; its loss is NaN where nothing was changed."""
        self._train_mode()
        self.objective.step(step / (self.steps_per_epoch * self.config.train.epochs))
        torch.manual_seed(_key(self.config.train.seed, step))  # what a loss or dropout draws
        undo = [buffer.clone() for buffer in self._buffers()]
        self.optimiser.zero_grad()
        parts = self.config.train.accumulate
        if parts == 1:
            loss, accuracy = self._loss(*self._forward(batch.images), batch)
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            loss, accuracy = self._accumulate(batch, parts, step)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        norm = nn.utils.get_total_norm(gradients)
        # One look at the device for all numbers: each makes the host wait.
        numbers: list[float] = torch.stack([loss.detach(), norm.to(loss), *accuracy]).tolist()
        loss_now, norm_now, *accuracies = numbers
        if not math.isfinite(loss_now + norm_now):
            for buffer, before in zip(self._buffers(), undo, strict=True):
                buffer.copy_(before)
            return Outcome(math.nan, None)
        if 0 < self.config.optim.clip < norm_now:
            nn.utils.clip_grads_with_norm_(self.parameters, self.config.optim.clip, norm)
        set_rates(self.optimiser, self.rate(step))
        self.optimiser.step()
        if self.average:
            self.average.update_parameters(self.network)
        return Outcome(loss_now, accuracies[0] if accuracies else None)

    def rate(self, step: int) -> float:
        """Fraction of the peak rates at `step`."""
        config = self.config
        return rate_factor(step, self.steps_per_epoch, config.train.epochs, config.optim)

    def state_dict(self) -> dict[str, Any]:
        """Weights, buffers, loss parameters, optimiser and average."""
        return {
            "network": self.network.state_dict(),
            "objective": self.objective.state_dict(),
            "distillation": self.distillation.state_dict() if self.distillation else {},
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.module.state_dict() if self.average else {},
            "updates": self.average.updates if self.average else 0,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.network.load_state_dict(state["network"])
        self.objective.load_state_dict(state["objective"])
        if self.distillation:
            self.distillation.load_state_dict(state["distillation"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average:
            self.average.module.load_state_dict(state["average"])
            self.average.updates = state["updates"]

    def _forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features of this process's pictures, in float32 whatever computed them."""
        with torch.autocast(self.world.device.type, torch.bfloat16, enabled=self.bf16):
            logits, features = self.forward(images)
        return logits.float(), features.float()

    def _loss(self, logits: Tensor, features: Tensor, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """The loss of the whole batch, of which this process's share is given, and accuracy.

        Accuracy is the first field's, where a loss classifies; no number else.
        """
        logits = self.world.gather(logits)
        if self.distillation is not None:
            features = self.world.gather(features)
        loss = self._learned(logits, features, batch.labels, batch.targets)
        if (mixed := batch.mixed) is not None:
            others = self._learned(logits, features, mixed.labels, mixed.targets)
            loss = mixed.kept * loss + (1 - mixed.kept) * others
        with torch.no_grad():
            scores = next(iter(self.objective.classify(logits)), None)
            if scores is None:
                return loss, []
            return loss, [classified(scores, send(batch.labels[:, 0], scores.device))[0].to(loss)]

    def _learned(
        self, logits: Tensor, features: Tensor, labels: Tensor, targets: Targets | None
    ) -> Tensor:
        """The loss of the whole batch for these labels and this word of the teacher's."""
        loss: Tensor = self.objective(logits, labels)
        if self.distillation is not None and targets is not None:
            loss = loss + self.distillation(features, logits, targets)
        return loss

    def _accumulate(self, batch: Batch, count: int, step: int) -> tuple[Tensor, list[Tensor]]:
        """Gradients of the whole batch's loss though one of its `count` parts is held at a time.

        Every part runs through the network twice (Gao et al. 2021, "Scaling Deep Contrastive
        Learning Batch Size under Memory Limited Setup"): once for its logits, which the loss
        takes together, and once more to take the loss's gradient on to the weights. Each part
        is normalised by its own statistics, as a batch of its size would be.
        """
        parts = batch.images.chunk(count)
        buffers = [*self.network.buffers()]
        before = [buffer.clone() for buffer in buffers]
        given = []
        with torch.no_grad():
            for number, images in enumerate(parts):
                torch.manual_seed(_key(self.config.train.seed, step, number))
                given.append(self._forward(images))
        logits, features = (torch.cat(rows).requires_grad_() for rows in zip(*given, strict=True))
        loss, accuracy = self._loss(logits, features, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        for buffer, old in zip(buffers, before, strict=True):
            buffer.copy_(old)
        # Without a teacher nothing is asked of the features, and a frozen backbone learns nothing.
        asked = features.grad is not None and self.config.optim.backbone_lr != 0
        used = 2 if asked else 1
        gradients = [cast(Tensor, x.grad).chunk(len(parts)) for x in (logits, features)[:used]]
        for number, images in enumerate(parts):
            torch.manual_seed(_key(self.config.train.seed, step, number))
            with unsynchronised(self.forward, number + 1 < len(parts)):
                outputs = self._forward(images)[:used]
                torch.autograd.backward(outputs, [rows[number] for rows in gradients])
        return loss, accuracy

    def _choose_what_is_trained(self) -> None:
        for fitted in (self.network.whitening, self.network.fitted):
            if fitted is not None:
                fitted.requires_grad_(False)
        if self.config.optim.backbone_lr == 0:
            self.network.backbone.requires_grad_(False)
        first = first_layers(self.network.backbone, self.config.optim.freeze_layers)
        for module in [*first, *self._held_norms()]:
            module.requires_grad_(False)

    def _train_mode(self) -> None:
        self.network.train()
        for norm in self._held_norms():
            norm.eval()

    def _held_norms(self) -> list[nn.Module]:
        """The BatchNorm of the backbone that keeps its statistics and weights."""
        optim, backbone = self.config.optim, self.network.backbone
        every = optim.freeze_batchnorm or optim.backbone_lr == 0
        parts = backbone.modules() if every else first_layers(backbone, optim.freeze_layers)
        norms = (nn.BatchNorm2d, nn.SyncBatchNorm)
        return [module for module in parts if isinstance(module, norms)]

    def _buffers(self) -> list[Tensor]:
        """Running statistics and memories, which a forward pass changes."""
        return [*self.network.buffers(), *self.objective.buffers()]


class _WithFeatures(nn.Module):
    """A network that also tells the features its logits were made of."""

    def __init__(self, network: HashModel) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(inputs) if inputs.ndim == 4 else inputs
        return self.network(features), features


def first_layers(network: nn.Module, count: int) -> list[nn.Module]:
    """The first `count` layers with a weight matrix or kernel, and the norms after each of them.

    Raises UsageError where there are no more than so many.
    """
    found: list[nn.Module] = []
    if not count:
        return found
    layers = 0
    for module in network.modules():
        weights = list(module.parameters(recurse=False))
        layers += any(weight.ndim > 1 for weight in weights)
        if layers > count:
            return found
        if weights:
            found.append(module)
    raise UsageError(
        f"expected optim.freeze_layers below {layers}, the layers of the backbone, found "
        f"{count}: all of them are frozen by optim.backbone_lr 0"
    )


def uses_bf16(precision: str, device: torch.device) -> bool:
    """Whether the network computes in bfloat16; raises UsageError where the GPU cannot."""
    able = device.type != "cuda" or torch.cuda.is_bf16_supported()
    if precision == "bf16" and not able:
        raise UsageError("expected a GPU with bfloat16, found none: take --train.precision float32")
    return precision == "bf16" or (precision == "auto" and device.type == "cuda" and able)


def _key(*numbers: int) -> int:
    """A seed of 63 bits from a few numbers, different for every combination."""
    digest = hashlib.sha256(repr(numbers).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
