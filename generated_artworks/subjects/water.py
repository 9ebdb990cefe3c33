"""Water: islands, sails, light on a sea."""

import numpy as np

from generated_artworks.marks import Points, box, ribbon, waver
from generated_artworks.scene import Scene, Shape
from generated_artworks.subjects.ground import Rng, everything, land, skyline, sun


def water(rng: Rng) -> Scene:
    """A sea or lake with islands, sails and light on it."""
    horizon = rng.uniform(0.34, 0.5)
    sea = rng.uniform(0.35, 0.6)
    scene = [everything(rng.uniform(0.72, 0.85), 0.97)]
    sunny = rng.random() < 0.65
    if sunny:
        scene.append(sun(rng, 0.14, horizon - 0.02))
    scene += [_island(rng, horizon, sea) for _ in range(int(rng.integers(1, 3)))]
    scene.append(Shape(box(-0.05, horizon, 1.05, 1.05), sea + 0.2, sea - 0.18))
    scene += _ripples(rng, horizon, sea)
    if sunny:
        scene += _glitter(rng, scene[1], horizon)
    for _ in range(int(rng.integers(0 if sunny else 1, 4))):
        scene += _boat(rng, horizon, accent=not sunny)
    if rng.random() < 0.4:
        top = skyline(rng, rng.uniform(0.9, 0.98), 0.05, 2, 0.3)
        scene.append(land(top, 0.1, 0.2, flow=0.4))
    return scene


def _island(rng: Rng, horizon: float, sea: float) -> Shape:
    centre, half = rng.uniform(0.1, 0.9), rng.uniform(0.12, 0.35)
    x = np.linspace(-1, 1, 40)
    bumps = 1 + 0.35 * waver(rng, 1, 40, 4)[0]
    y = horizon + 0.012 - rng.uniform(0.04, 0.13) * (1 - x**2) * np.maximum(bumps, 0.25)
    value = sea - rng.uniform(0.05, 0.2)
    return Shape(np.stack([centre + half * x, y], axis=1), value, value + 0.2, flow=0.5)


def _lens(x: float, y: float, half: float, thickness: float) -> Points:
    path = np.stack([np.linspace(x - half, x + half, 12), np.full(12, y)], axis=1)
    return ribbon(path, thickness * np.sin(np.linspace(0.05, np.pi - 0.05, 12)))


def _ripples(rng: Rng, horizon: float, sea: float) -> Scene:
    ripples = []
    for depth in np.sort(rng.uniform(0.04, 1, int(rng.integers(14, 34)))):
        y = horizon + (1 - horizon) * depth**1.3
        value = sea + 0.2 - 0.38 * depth + rng.choice([-0.2, 0.2])
        lens = _lens(rng.uniform(0, 1), y, 0.04 + 0.2 * depth, 0.006 + 0.02 * depth)
        ripples.append(Shape(lens, value, value, outlined=False))
    return ripples


def _glitter(rng: Rng, sun: Shape, horizon: float) -> Scene:
    """The sun's road on the water."""
    x = float(sun.outline[:, 0].mean())
    radius = float(np.ptp(sun.outline[:, 0])) / 2
    lights = []
    for depth in np.linspace(0.05, 0.9, int(rng.integers(6, 12))):
        y = horizon + (1 - horizon) * depth**1.2
        half = radius * (0.35 + depth) * rng.uniform(0.5, 1)
        lens = _lens(x + rng.normal(0, 0.02), y, half, 0.008 + 0.016 * depth)
        lights.append(Shape(lens, 0.75, 0.75, accent=True, outlined=False))
    return lights


def _boat(rng: Rng, horizon: float, accent: bool) -> Scene:
    depth = rng.uniform(0.04, 0.5)
    x, y = rng.uniform(0.12, 0.88), horizon + (1 - horizon) * depth
    size = 0.07 + 0.2 * depth
    lean = rng.choice([-1, 1]) * size
    hull = np.array([[-0.62, 0], [0.66, -0.02], [0.42, 0.16], [-0.4, 0.16]]) * size + (x, y)
    mast = np.array([x, y - 1.35 * size])
    sail = np.array([mast, [x, y - 0.1 * size], [x + 0.62 * lean, y - 0.14 * size]])
    jib = np.array([mast, [x - 0.06 * lean, y - 0.12 * size], [x - 0.44 * lean, y - 0.12 * size]])
    shine = _lens(x, y + 0.24 * size, 0.6 * size, 0.08 * size)
    return [
        Shape(shine, 0.18, 0.18, outlined=False),
        Shape(sail, 0.95, 0.85, flow=1.2, accent=accent),
        Shape(jib, 0.88, 0.8, flow=1.2),
        Shape(hull, 0.06, 0.1, outlined=False),
    ]
