"""Still life: vessels and fruit on a table."""

from dataclasses import replace

import numpy as np

from generated_artworks.marks import Points, box, disc, ribbon, rounded
from generated_artworks.scene import Scene, Shape
from generated_artworks.subjects.ground import Rng, everything

# Half profiles: (height from the foot, half width), both in parts of the object's height.
_PROFILES = {
    "bottle": [(0, 0.17), (0.03, 0.19), (0.5, 0.19), (0.66, 0.12), (0.74, 0.065), (0.96, 0.06),
               (0.97, 0.08), (1, 0.075)],
    "vase": [(0, 0.14), (0.05, 0.17), (0.35, 0.33), (0.6, 0.3), (0.82, 0.12), (0.93, 0.12),
             (1, 0.18)],
    "jar": [(0, 0.24), (0.05, 0.28), (0.4, 0.36), (0.7, 0.33), (0.86, 0.22), (0.9, 0.24),
            (1, 0.25)],
    "bowl": [(0, 0.3), (0.08, 0.34), (0.12, 0.3), (0.5, 0.72), (0.85, 0.92), (1, 0.95)],
    "cup": [(0, 0.28), (0.05, 0.32), (0.5, 0.42), (1, 0.46)],
    "pear": [(0, 0.12), (0.04, 0.3), (0.28, 0.42), (0.5, 0.36), (0.72, 0.2), (0.9, 0.17),
             (1, 0.07)],
    "apple": [(0, 0.15), (0.05, 0.36), (0.4, 0.56), (0.75, 0.5), (0.95, 0.26), (0.9, 0.02)],
    "lemon": [(0, 0.1), (0.1, 0.4), (0.45, 0.6), (0.8, 0.44), (1, 0.06)],
}  # fmt: skip
_HEIGHTS = {
    "bottle": 0.46, "vase": 0.36, "jar": 0.27, "bowl": 0.13, "cup": 0.13,
    "pear": 0.15, "apple": 0.11, "lemon": 0.09,
}  # fmt: skip


def _thing(kind: str, x: float, foot: float, scale: float) -> Points:
    """The outline of an object turned on a wheel, standing at (x, foot)."""
    up, half = np.array(_PROFILES[kind]).T * _HEIGHTS[kind] * scale
    right = np.stack([x + half, foot - up], axis=1)
    left = np.stack([x - half, foot - up], axis=1)[::-1]
    return rounded(np.vstack([right, left]), 2)


def _branches(rng: Rng, x: float, mouth: float, value: float) -> Scene:
    """Twigs with leaves, standing in a vase."""
    shapes: Scene = []
    for lean in rng.uniform(-0.16, 0.16, int(rng.integers(2, 5))):
        t = np.linspace(0, 1, 12)
        length = rng.uniform(0.16, 0.3)
        stem = np.stack([x + lean * t**1.6, mouth + 0.02 - length * t], axis=1)
        shapes.append(Shape(ribbon(stem, 0.008), value, value, flow=1.57, outlined=False))
        for i in range(3, 12, 2):
            turn = rng.choice([-1, 1]) * rng.uniform(0.3, 1.1)
            tip = stem[i] + rng.uniform(0.04, 0.075) * np.array([np.sin(turn), -np.cos(turn)])
            path = np.linspace(stem[i], tip, 8)
            width = 0.032 * np.sin(np.linspace(0, np.pi, 8))
            shapes.append(Shape(ribbon(path, width), value + 0.1, value, flow=turn, outlined=False))
    return shapes


def still_life(rng: Rng) -> Scene:
    """Vessels and fruit on a table."""
    wall, edge = rng.uniform(0.55, 0.95), rng.uniform(0.56, 0.68)
    table = wall - rng.uniform(0.2, 0.35) if wall > 0.7 else wall + rng.uniform(0.22, 0.35)
    scene = [everything(wall - 0.04, wall + 0.04, flow=rng.uniform(0.6, 1.0))]
    if rng.random() < 0.45:
        left = rng.choice([rng.uniform(0.08, 0.2), rng.uniform(0.5, 0.62)])
        pane = box(left, 0.1, left + rng.uniform(0.25, 0.34), rng.uniform(0.36, 0.46))
        scene.append(Shape(pane, min(wall + 0.16, 1), wall - 0.12, flow=0.8))
    scene.append(Shape(box(-0.05, edge, 1.05, 1.05), table, table - 0.12))
    scene.append(Shape(box(-0.05, 0.93, 1.05, 1.05), table - 0.28, table - 0.34, outlined=False))
    return scene + _group(rng, edge, table)


def _group(rng: Rng, edge: float, table: float) -> Scene:
    tall = list(rng.choice(["bottle", "vase", "jar", "vase"], int(rng.integers(1, 4))))
    low = list(rng.choice(["bowl", "cup", "pear", "apple", "lemon"], int(rng.integers(2, 5))))
    count = len(tall) + len(low)
    places = np.linspace(0.2, 0.8, count)[rng.permutation(count)] + rng.uniform(-0.05, 0.05, count)
    feet = np.concatenate([edge + rng.uniform(0.06, 0.13, len(tall)),
                           edge + rng.uniform(0.16, 0.24, len(low))])  # fmt: skip
    chosen, scale = int(rng.integers(count)), rng.uniform(1.0, 1.2)
    values = rng.permutation(np.linspace(0.08, 0.92, count))
    shadows: Scene = []
    things: Scene = []
    for i, kind in enumerate(tall + low):
        x, foot = float(places[i]), float(feet[i])
        value = float(values[i])
        if abs(value - table) < 0.15:
            value = table - 0.3 if table > 0.5 else table + 0.3
        width = _HEIGHTS[kind] * max(half for _, half in _PROFILES[kind]) * scale
        shadow = disc(0, 0, 1) * (width * 1.25, 0.022) + (x + width * 0.55, foot - 0.004)
        shadows.append(Shape(shadow, table - 0.2, table - 0.24, outlined=False))
        if kind == "vase":
            mouth = foot - _HEIGHTS[kind] * scale
            things += _branches(rng, x, mouth, 0.1 if table > 0.4 else 0.85)
        outline = _thing(kind, x, foot, scale)
        body = Shape(outline, value + 0.12, value - 0.2, axis=0, flow=1.57)
        things.append(replace(body, accent=i == chosen))
    return shadows + things
