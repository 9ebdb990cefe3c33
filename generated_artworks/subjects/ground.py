"""What several subjects share: backdrop, sun, skylines and the land below them."""

import numpy as np

from generated_artworks.marks import Points, box, disc, waver
from generated_artworks.scene import Shape

Rng = np.random.Generator


def everything(value: float, end: float, flow: float = 0.0) -> Shape:
    """The sky, or the wall: what all else stands before."""
    return Shape(box(-0.05, -0.05, 1.05, 1.05), value, end, flow=flow, outlined=False)


def sun(rng: Rng, low: float, high: float) -> Shape:
    """A sun or moon whose centre is between two heights."""
    radius = rng.uniform(0.055, 0.13)
    centre = rng.uniform(0.22, 0.78), rng.uniform(low, high)
    return Shape(disc(*centre, radius), 0.7, 0.55, accent=True)


def land(top: Points, value: float, end: float, flow: float) -> Shape:
    """All that lies below a skyline `[n, 2]`."""
    return Shape(np.vstack([[[-0.05, 1.05]], top, [[1.05, 1.05]]]), value, end, flow=flow)


def skyline(rng: Rng, base: float, height: float, peaks: int, sharp: float) -> Points:
    """A profile of hills (sharp 0) or mountains (sharp 1)."""
    n = 90
    x = np.linspace(-0.05, 1.05, n)
    soft = waver(rng, 1, n, peaks)[0]
    crests = -np.abs(waver(rng, 2, n, peaks) + rng.uniform(-0.3, 0.3, (2, 1))).sum(axis=0) + 1.4
    detail = waver(rng, 1, n, 22)[0] * 0.09
    y = base - height * ((1 - sharp) * soft * 0.6 + sharp * (crests + detail))
    return np.stack([x, y], axis=1)
