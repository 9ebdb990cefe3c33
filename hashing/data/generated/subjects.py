"""The four subjects that all figurative manners share: each function invents one scene."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hashing.data.generated.marks import (
    Points,
    box,
    disc,
    ribbon,
    rounded,
    waver,
)
from hashing.data.generated.scene import Scene, Shape

Rng = np.random.Generator


def _everything(value: float, foot: float, **marks: float) -> Shape:
    return Shape(box(-0.05, -0.05, 1.05, 1.05), value, foot, outlined=False, **marks)  # type: ignore[arg-type]


def _sun(rng: Rng, low: float, high: float, accent: bool = True) -> Shape:
    radius = rng.uniform(0.055, 0.13)
    centre = rng.uniform(0.22, 0.78), rng.uniform(low, high)
    return Shape(disc(*centre, radius), 0.7, 0.55, accent=accent)


def _land(top: Points, value: float, foot: float, **marks: float | bool) -> Shape:
    """Everything below a skyline `[n, 2]`."""
    outline = np.vstack([[[-0.05, 1.05]], top, [[1.05, 1.05]]])
    return Shape(outline, value, foot, **marks)  # type: ignore[arg-type]


def _skyline(rng: Rng, base: float, height: float, peaks: int, sharp: float) -> Points:
    """A profile of hills (sharp 0) or mountains (sharp 1)."""
    n = 90
    x = np.linspace(-0.05, 1.05, n)
    soft = waver(rng, 1, n, peaks)[0]
    crests = -np.abs(waver(rng, 2, n, peaks) + rng.uniform(-0.3, 0.3, (2, 1))).sum(axis=0) + 1.4
    detail = waver(rng, 1, n, 22)[0] * 0.09
    y = base - height * ((1 - sharp) * soft * 0.6 + sharp * (crests + detail))
    return np.stack([x, y], axis=1)


def ridge_and_sun(rng: Rng) -> Scene:
    """Ranges behind ranges, paler with distance, under a sun."""
    count = int(rng.integers(3, 6))
    sharp = rng.uniform(0, 1)
    scene = [_everything(rng.uniform(0.78, 0.9), 0.97), _sun(rng, 0.18, 0.42)]
    bases = np.linspace(rng.uniform(0.42, 0.54), rng.uniform(0.82, 0.92), count)
    values = np.linspace(rng.uniform(0.6, 0.72), rng.uniform(0.05, 0.18), count)
    for base, value in zip(bases, values, strict=True):
        height = rng.uniform(0.06, 0.13) * (1.25 - 0.5 * base)
        top = _skyline(rng, base, height, int(rng.integers(2, 5)), sharp)
        flow = rng.choice([-1, 1]) * rng.uniform(0.3, 0.8)
        scene.append(_land(top, value, min(value + rng.uniform(0.12, 0.3), 0.85), flow=flow))
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
    scene = [_everything(wall - 0.04, wall + 0.04, flow=rng.uniform(0.6, 1.0))]
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
        body = Shape(outline, value + 0.12, value - 0.2, across=1, flow=1.57)
        things.append(replace(body, accent=i == chosen))
    return shadows + things


def water(rng: Rng) -> Scene:
    """A sea or lake with islands, sails and light on it."""
    horizon = rng.uniform(0.34, 0.5)
    sea = rng.uniform(0.35, 0.6)
    scene = [_everything(rng.uniform(0.72, 0.85), 0.97)]
    sunny = rng.random() < 0.65
    if sunny:
        scene.append(_sun(rng, 0.14, horizon - 0.02))
    scene += [_island(rng, horizon, sea) for _ in range(int(rng.integers(1, 3)))]
    scene.append(Shape(box(-0.05, horizon, 1.05, 1.05), sea + 0.2, sea - 0.18))
    scene += _ripples(rng, horizon, sea)
    if sunny:
        scene += _glitter(rng, scene[1], horizon)
    for _ in range(int(rng.integers(0 if sunny else 1, 4))):
        scene += _boat(rng, horizon, accent=not sunny)
    if rng.random() < 0.4:
        top = _skyline(rng, rng.uniform(0.9, 0.98), 0.05, 2, 0.3)
        scene.append(_land(top, 0.1, 0.2, flow=0.4))
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


def trees(rng: Rng) -> Scene:
    """Trees on rising ground: bare, round-headed, or poplars."""
    ground = rng.uniform(0.6, 0.76)
    scene = [_everything(rng.uniform(0.74, 0.9), 0.97)]
    if rng.random() < 0.6:
        scene.append(_sun(rng, 0.16, 0.4))
    far = _skyline(rng, ground - 0.06, 0.05, 3, 0.2)
    scene.append(_land(far, 0.66, 0.78, flow=0.2))
    near = _skyline(rng, ground + 0.04, 0.05, 2, 0.0)
    meadow = rng.uniform(0.4, 0.56)
    scene.append(_land(near, meadow, meadow - 0.16, flow=rng.uniform(-0.3, 0.3)))
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
    return Shape(ribbon(path, width), value + 0.08, value - 0.05, 1, 1.57, outlined=False)


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
            dx, dy = rng.normal(0, 0.07, 2)
            shapes.append(
                Shape(
                    disc(stem[-1, 0] + dx, stem[-1, 1] + dy, 0.012, 8),
                    0.7,
                    0.6,
                    accent=True,
                    outlined=False,
                )
            )
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
    crown = Shape(ribbon(path, profile * 2), value + 0.2, value - 0.15, 1, 1.4, accent)
    return [_trunk(stem, 0.012 + 0.014 * near, value * 0.6), crown]


SUBJECTS: dict[str, Callable[[Rng], Scene]] = {
    "ridge": ridge_and_sun,
    "still life": still_life,
    "water": water,
    "trees": trees,
}
