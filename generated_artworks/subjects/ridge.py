"""Ridge and sun: ranges behind ranges."""

import numpy as np

from generated_artworks.scene import Scene, Shape
from generated_artworks.subjects.ground import Rng, everything, land, skyline, sun


def ridge_and_sun(rng: Rng) -> Scene:
    """Ranges behind ranges, paler with distance, under a sun."""
    count = int(rng.integers(3, 6))
    sharp = rng.uniform(0, 1)
    scene = [everything(rng.uniform(0.78, 0.9), 0.97), sun(rng, 0.18, 0.42)]
    bases = np.linspace(rng.uniform(0.42, 0.54), rng.uniform(0.82, 0.92), count)
    values = np.linspace(rng.uniform(0.6, 0.72), rng.uniform(0.05, 0.18), count)
    for base, value in zip(bases, values, strict=True):
        height = rng.uniform(0.06, 0.13) * (1.25 - 0.5 * base)
        top = skyline(rng, base, height, int(rng.integers(2, 5)), sharp)
        flow = rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)
        scene.append(land(top, value, min(value + rng.uniform(0.12, 0.3), 0.85), flow=flow))
    if rng.random() < 0.4:
        scene += _firs(rng, bases[-1], rng.uniform(0.0, 0.1))
    return scene


def _firs(rng: Rng, base: float, value: float) -> Scene:
    """A few pointed trees on the nearest slope."""
    firs = []
    start = rng.uniform(0.05, 0.6)
    for x in start + np.cumsum(rng.uniform(0.02, 0.08, int(rng.integers(3, 8)))):
        height, foot = rng.uniform(0.1, 0.24), base + rng.uniform(0.06, 0.14)
        firs.append(_fir(x, foot, height, value))
    return firs


def _fir(x: float, foot: float, height: float, value: float) -> Shape:
    steps = np.linspace(0, 1, 9)
    half = height * 0.2 * (0.06 + steps) * np.where(np.arange(9) % 2, 1.0, 0.62)
    y = foot - height * (1 - steps)
    outline = np.vstack([np.stack([x + half, y], axis=1), np.stack([x - half, y], axis=1)[::-1]])
    return Shape(outline, value, value + 0.05, flow=1.3, outlined=False)
