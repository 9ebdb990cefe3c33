"""Every configuration dataclass: frozen, typed, nothing imported but the standard library.

Names (backbones, losses, data sets) are checked where they are looked up, not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Preprocessing:
    """How a decoded picture becomes the network's input; part of a model's fingerprint.

    size: side of the square picture in pixels.
    fit: `crop` cuts the centre square out, `stretch` scales both sides to `size`.
    mean, std: per channel (red, green, blue) of pictures scaled to 0 … 1; ImageNet's by default.
    """

    size: int = 224
    fit: Literal["crop", "stretch"] = "crop"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelConfig:
    """The network that turns a picture into logits.

    backbone: a name in `hashing.models.BACKBONES`, or `timm:NAME`, any model of timm; `A + B` puts
        several side by side, each with its own last maps.
    weights: the backbone's start: none, imagenet (a download), package, a file or a model folder;
        `A + B` gives each of several backbones its own.
    stem: `cifar` replaces the first layers by one 3x3 convolution of stride 1, for 32 px.
    pooling: from feature maps to features, see `hashing.models.POOLINGS`.
    stages: how many of the backbone's maps are pooled, counted from its end; of several side by
        side, one that has fewer gives them all.
    whiten: components of a PCA of the features, fitted on the training part; 0 does without.
    discriminants: directions of the whitened features in which classes differ most, by a linear
        discriminant analysis of the training part; 0 does without.
    head: `linear`, the hash layer alone, or `mlp`, a hidden layer before it.
    dropout: share of the features, and of hidden units, that a training step leaves out.
    lengths: code lengths in bits, ascending multiples of 8, a shorter code being a prefix; or one
        of any number from 8, which an index fills up to whole bytes.
    batchnorm: BatchNorm on the logits while training, folded into the hash layer on saving.
    fitted: share of every length's bits that are fitted by ITQ to what the head takes of the
        training part, and that losses leave as they are; for frozen backbones.
    fitted_whiten: how far that is whitened before these bits are fitted to it: 0 leaves it as it
        is, 0.5 half whitens it, and 1 has all directions count alike.
    """

    backbone: str = "resnet50"
    weights: str = "none"
    stem: Literal["imagenet", "cifar"] = "imagenet"
    pooling: Literal["average", "covariances", "gem", "moments", "rmac"] = "average"
    stages: int = 1
    whiten: int = 0
    discriminants: int = 0
    head: Literal["linear", "mlp"] = "linear"
    dropout: float = 0.0
    lengths: tuple[int, ...] = (16, 32, 64, 128)
    batchnorm: bool = True
    fitted: float = 0.0
    fitted_whiten: float = 0.0

    @property
    def backbones(self) -> tuple[str, ...]:
        """The names that `backbone` puts side by side; mostly one."""
        return tuple(name.strip() for name in self.backbone.split("+"))

    @property
    def origins(self) -> tuple[str, ...]:
        """What `weights` names: one for all backbones together, or one for each."""
        return tuple(self.weights.split(" + ") if len(self.backbones) > 1 else [self.weights])

    @property
    def pretrained(self) -> str:
        """The names of `origins` without the places where they lie."""
        return " + ".join(Path(origin).name for origin in self.origins)

    def without_head(self) -> "ModelConfig":
        """The same backbone and pooling before nothing but a hash layer."""
        return replace(
            self,
            whiten=0,
            discriminants=0,
            head="linear",
            dropout=0.0,
            batchnorm=False,
            fitted=0.0,
            fitted_whiten=0.0,
        )


@dataclass(frozen=True)
class DataConfig:
    """Which pictures are learned from, what is known of them, and how they are split.

    name: a data set of `hashing.data.DATASETS`.
    root: its folder or archive; generated artworks are drawn there when it is absent.
    metadata: CSV or JSON-lines file with one row per picture.
    protocol: which pictures are trained on, searched for and searched; `auto` suits the data.
    fields: label fields to learn, and the weight of each.
    roles: columns of the roles `group` and `creator`, which some protocols draw by; by their names
        (`style`, `artist`, …) where none is given, see `hashing.sources.roles`.
    count: how many artworks to generate.
    sets: by label field of which a picture may carry several, what stands between them, such as
        `{tags: ";"}`; relevant is then what shares one.
    seed: seed of the split, and of generated artworks.
    """

    name: str = "generated"
    root: Path | None = None
    metadata: Path | None = None
    protocol: str = "auto"
    fields: Mapping[str, float] = field(default_factory=lambda: {"style": 1.0})
    roles: Mapping[str, str] = field(default_factory=dict)
    count: int = 2000
    sets: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class LossTerm:
    """One term of the weighted sum.

    name: a loss of `hashing.losses.LOSSES`, or of pytorch-metric-learning.
    weight: factor of this term.
    args: the loss's own arguments.
    field: the label field it learns; every one of `data.fields` where empty.
    """

    name: str
    weight: float = 1.0
    args: Mapping[str, Any] = field(default_factory=dict)
    field: str = ""


@dataclass(frozen=True)
class CentresConfig:
    """How the class centres of several label fields lie to each other.

    share: a finer class's centre differs from its coarser class's in at most this share of the
        bits, at every code length; 1 leaves the fields independent.
    coarser: by finer field, the field it refines; for others it is found from the training labels.
    """

    share: float = 1.0
    coarser: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DistillationConfig:
    """What a student learns from its teacher, beside its own losses; 0 leaves a term out.

    features: weight of the error of the student's features, projected to the teacher's.
    distances, angles: weights of relational distillation, the authors' for classification.
    codes: weight of the divergence of bits.
    unlabelled: folder or archive of further pictures that the teacher alone says something of.
    oversample: how often an epoch takes each labelled picture beside them.
    """

    features: float = 1.0
    distances: float = 25.0
    angles: float = 50.0
    codes: float = 1.0
    unlabelled: Path | None = None
    oversample: int = 1


@dataclass(frozen=True)
class OptimConfig:
    """How the weights are changed.

    name: the optimiser; `adam` adds its decay to the gradient, as papers before AdamW do.
    lr: peak rate of the hash layer and of the loss's own parameters.
    backbone_lr: peak rate of the backbone as a fraction of `lr`; 0 freezes it, see `train.views`.
    momentum: momentum of SGD, first beta of AdamW.
    nesterov: Nesterov's momentum for SGD.
    weight_decay: decay of matrices and kernels; norms and biases have none.
    schedule: course of the rates after warm-up; `steps` drops at each milestone.
    warmup: epochs of linear warm-up, fractions count.
    milestones: epochs at which the schedule `steps` drops.
    gamma: what it drops to each time, of what it was.
    clip: largest norm of the gradient; 0 does not clip.
    ema: decay of the weight average that is validated and kept; 0 keeps the weights themselves.
    freeze_batchnorm: hold the statistics and weights of the backbone's BatchNorm.
    freeze_layers: layers of the backbone, from the first, that stay as they are with their norms.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    lr: float = 1e-3
    backbone_lr: float = 1.0
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 1e-2
    schedule: Literal["cosine", "one-cycle", "steps", "constant"] = "cosine"
    warmup: float = 0.5
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    clip: float = 5.0
    ema: float = 0.0
    freeze_batchnorm: bool = False
    freeze_layers: int = 0


@dataclass(frozen=True)
class TrainConfig:
    """How long, in what portions and with what care.

    epochs: passes over the training part; 0 takes no step, and measures a start as it is.
    batch: pictures of one step, over all processes.
    accumulate: parts in which a process's share of a batch runs through the network, where it does
        not fit the memory at once; the loss is still that of the whole batch.
    repeat: how often a picture stands in its batch, each time varied anew.
    per_label: pictures of each label in a batch (P×K sampling); 0 shuffles plainly.
    augment: how strongly pictures are varied.
    cutmix: share of the batches in which each picture has a part of another (Yun et al. 2019), and
        as much of its label and of what a teacher says of it; for losses that classify.
    views: of a frozen backbone, views per picture: plain, mirrored, more as `augment` varies it.
    sizes: training sizes in px, each for an equal share of the epochs; none is the model's own.
    precision: number format of the network; `auto` is bf16 on a GPU that has it.
    channels_last: memory layout of the network.
    compile: use torch.compile.
    validate_every: epochs between validations; 0 does without.
    patience: validations without a better result before training stops; 0 never stops early.
    refit: train on the validation part too and keep the last weights.
    baselines: measure an untrained network and a colour histogram beside the result.
    state_minutes: minutes between resumable states; 0 writes them by `state_every` alone.
    state_every: steps between resumable states, beside those by time; the end has one always.
    bad_steps: losses in a row that are not finite before training gives up.
    seed: seed of weights, order, augmentation and everything else random.
    """

    epochs: int = 10
    batch: int = 128
    accumulate: int = 1
    repeat: int = 1
    per_label: int = 0
    augment: str = "standard"
    cutmix: float = 0.0
    views: int = 2
    sizes: tuple[int, ...] = ()
    precision: Literal["auto", "float32", "bf16"] = "auto"
    channels_last: bool = True
    compile: bool = False
    validate_every: int = 1
    patience: int = 0
    refit: bool = False
    baselines: bool = False
    state_minutes: float = 5.0
    state_every: int = 0
    bad_steps: int = 10
    seed: int = 0


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run computes; written to `runs/NAME/config.yaml`.

    losses: the terms whose weighted sum is made small.
    start: model folder that the network starts from, head and all; `model` must be as it was. Of
        several folders it is the average of their weights.
    teacher: model folder that the network is drawn to, by `distillation`; none by default.
    """

    model: ModelConfig = ModelConfig()
    preprocessing: Preprocessing = Preprocessing()
    data: DataConfig = field(default_factory=DataConfig)
    losses: tuple[LossTerm, ...] = (LossTerm("dsh"),)
    centres: CentresConfig = field(default_factory=CentresConfig)
    start: Path | tuple[Path, ...] | None = None
    teacher: Path | None = None
    distillation: DistillationConfig = DistillationConfig()
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()

    @property
    def starts(self) -> tuple[Path, ...]:
        """The folders of `start`."""
        if self.start is None:
            return ()
        return self.start if isinstance(self.start, tuple) else (self.start,)
