"""CutMix (Yun et al.: ICCV 2019): a part of each picture is another's, and so is its label's share.

What is cut is drawn per batch from (seed, epoch, number of the batch) alone.
"""

from dataclasses import dataclass

from torch import Tensor

from hashing.data.random import Stream, generator


@dataclass(frozen=True)
class Cut:
    """A box that is cut out of every picture of a batch, in pixels.

    kept: share of its own pixels that a picture keeps.
    """

    left: int
    top: int
    right: int
    bottom: int
    kept: float


def draw_cut(chance: float, size: int, seed: int, epoch: int, batch: int) -> Cut | None:
    """The box of a batch of pictures of `size` px; None for the batches that stay whole.

    Its area is drawn evenly from 0 to the whole picture and its centre evenly over it, then it is
    cut off at the edges, as in the authors' code.
    """
    if chance <= 0:
        return None
    draws = generator(Stream.MIX, seed, epoch, batch).random(4)
    if draws[0] >= chance:
        return None
    side = size * draws[1] ** 0.5
    (left, right), (top, bottom) = (
        [round(min(max(size * centre + half, 0), size)) for half in (-side / 2, side / 2)]
        for centre in draws[2:]
    )
    return Cut(left, top, right, bottom, 1 - (right - left) * (bottom - top) / size**2)


def paste(images: Tensor, cut: Cut) -> Tensor:
    """Each picture `[B, 3, S, S]` with the box of the one before it, the first with the last's."""
    mixed = images.clone()
    box = (..., slice(cut.top, cut.bottom), slice(cut.left, cut.right))
    mixed[box] = images.roll(1, 0)[box]
    return mixed


def pasted(labels: Tensor, processes: int) -> Tensor:
    """The labels `[B, …]` of what `paste` put into each picture of the processes' equal shares."""
    shares = labels.reshape(processes, -1, *labels.shape[1:])
    return shares.roll(1, 1).reshape(labels.shape)
