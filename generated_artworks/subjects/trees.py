"""Trees: bare, round-headed, or poplars."""

import numpy as np

from generated_artworks.marks import Points, disc, ribbon, waver
from generated_artworks.scene import Scene, Shape
from generated_artworks.subjects.ground import Rng, everything, land, skyline, sun


def trees(rng: Rng) -> Scene:
    """Trees on rising ground: bare, round-headed, or poplars."""
    ground = rng.uniform(0.6, 0.76)
    scene = [everything(rng.uniform(0.74, 0.9), 0.97)]
    if rng.random() < 0.6:
        scene.append(sun(rng, 0.16, 0.4))
    far = skyline(rng, ground - 0.06, 0.05, 3, 0.2)
    scene.append(land(far, 0.66, 0.78, flow=0.2))
    near = skyline(rng, ground + 0.04, 0.05, 2, 0.0)
    meadow = rng.uniform(0.4, 0.56)
    scene.append(land(near, meadow, meadow - 0.16, flow=rng.uniform(-0.3, 0.3)))
    kind = (_bare, _crowned, _poplar)[int(rng.integers(3))]
    count = int(rng.integers(3, 7))
    places = np.linspace(0.12, 0.88, count) + rng.uniform(-0.07, 0.07, count)
    nearness = rng.permutation(np.linspace(0.15, 1, count))
    chosen = int(rng.integers(count)) if len(scene) == 3 else -1
    for i in np.argsort(nearness):
        foot = ground + 0.03 + 0.2 * nearness[i]
        scene += kind(rng, float(places[i]), foot, float(nearness[i]), bool(i == chosen))
    return scene


def _trunk(path: Points, thick: float, value: float) -> Shape:
    width = thick * np.linspace(1, 0.45, len(path))
    return Shape(ribbon(path, width), value + 0.08, value - 0.05, axis=0, flow=1.57, outlined=False)


def _bare(rng: Rng, x: float, foot: float, near: float, accent: bool) -> Scene:
    value, height = 0.32 - 0.24 * near, 0.32 + 0.38 * near
    t = np.linspace(0, 1, 14)
    bend = rng.normal(0, 0.03)
    stem = np.stack([x + bend * np.sin(3 * t), foot - height * t], axis=1)
    shapes = [_trunk(stem, 0.016 + 0.03 * near, value)]
    for i in range(4, 14):
        side = -1 if i % 2 else 1
        reach = height * rng.uniform(0.16, 0.34) * (1.25 - t[i])
        rise = reach * rng.uniform(0.6, 1.2)
        twig = stem[i] + np.stack([side * reach * t, -rise * t**1.4], axis=1)
        shapes.append(_trunk(twig, 0.006 + 0.011 * near, value))
    if accent:
        for _ in range(9):
            leaf = disc(0, 0, 0.012, 8) + stem[-1] + rng.normal(0, 0.07, 2)
            shapes.append(Shape(leaf, 0.7, 0.6, accent=True, outlined=False))
    return shapes


def _crowned(rng: Rng, x: float, foot: float, near: float, accent: bool) -> Scene:
    value, height = 0.42 - 0.3 * near, 0.24 + 0.3 * near
    top = np.array([x + rng.normal(0, 0.015), foot - height])
    shapes = [_trunk(np.linspace([x, foot], top, 8), 0.018 + 0.02 * near, value * 0.7)]
    radius = height * rng.uniform(0.26, 0.36)
    for dx, dy, part in ((-0.55, 0.25, 0.75), (0.55, 0.2, 0.75), (0, -0.15, 1)):
        crown = disc(top[0] + dx * radius, top[1] + dy * radius, radius * part, 26)
        bumps = 1 + 0.07 * waver(rng, 1, 26, 7)[0][:, None]
        crown = crown.mean(axis=0) + (crown - crown.mean(axis=0)) * bumps
        shapes.append(Shape(crown, value + 0.22, value - 0.06, flow=0.9, accent=accent))
    return shapes


def _poplar(rng: Rng, x: float, foot: float, near: float, accent: bool) -> Scene:
    value, height = 0.42 - 0.3 * near, 0.34 + 0.36 * near
    half = height * rng.uniform(0.1, 0.14)
    t = np.linspace(0, np.pi, 30)
    profile = half * np.sin(t) ** 0.8 * (1 + 0.08 * waver(rng, 1, 30, 9)[0])
    path = np.stack([np.full(30, x), foot - height * (0.1 + 0.9 * (1 - t / np.pi))], axis=1)
    stem = np.linspace([x, foot], [x, foot - 0.3 * height], 6)
    crown = Shape(
        ribbon(path, profile * 2), value + 0.2, value - 0.15, axis=0, flow=1.4, accent=accent
    )
    return [_trunk(stem, 0.012 + 0.014 * near, value * 0.6), crown]
