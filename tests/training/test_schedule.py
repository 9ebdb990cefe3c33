from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.config import OptimConfig
from hashing.training.schedule import END, START, rate_factor


def course(config: OptimConfig, per_epoch: int = 10, epochs: int = 10) -> list[float]:
    return [rate_factor(step, per_epoch, epochs, config) for step in range(per_epoch * epochs)]


def test_warm_up_rises_evenly_and_cosine_falls_to_the_end() -> None:
    factors = course(OptimConfig(schedule="cosine", warmup=2))
    assert factors[:20] == pytest.approx([Fraction(n + 1, 20) for n in range(20)])
    assert factors[20] == 1
    assert factors[60] == pytest.approx((1 + END) / 2)
    assert factors[20:] == sorted(factors[20:], reverse=True)
    assert END <= factors[-1] < 0.01


def test_one_cycle_peaks_after_three_tenths() -> None:
    factors = course(OptimConfig(schedule="one-cycle", warmup=5))
    assert factors[0] == START
    assert max(factors) == factors[30] == 1
    assert factors[:31] == sorted(factors[:31])
    assert factors[30:] == sorted(factors[30:], reverse=True)


def test_steps_drop_at_the_milestones() -> None:
    factors = course(OptimConfig(schedule="steps", warmup=0, milestones=(6, 9)))
    assert factors[:60] == [1] * 60
    assert factors[60:90] == pytest.approx([0.1] * 30)
    assert factors[90:] == pytest.approx([0.01] * 10)


@given(
    schedule=st.sampled_from(["cosine", "one-cycle", "steps", "constant"]),
    warmup=st.floats(0, 20),
    per_epoch=st.integers(1, 50),
    epochs=st.integers(1, 20),
)
def test_every_rate_lies_between_zero_and_the_peak(schedule, warmup, per_epoch, epochs) -> None:
    config = OptimConfig(schedule=schedule, warmup=warmup, milestones=(1, 3))
    assert all(0 < factor <= 1 for factor in course(config, per_epoch, epochs))
