"""Twelve leads of a beating heart: each wave a bell curve whose size the lead decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vesalius.sample.phantoms.grid import Array

SAMPLES_PER_SECOND = 500
SECONDS = 10
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

#: Peak in millivolts of P, Q, R, S, T in the eight leads that are measured.
_HEALTHY: dict[str, tuple[float, float, float, float, float]] = {
    "I": (0.08, -0.04, 0.65, -0.12, 0.22), "II": (0.14, -0.06, 1.05, -0.15, 0.30),
    "V1": (0.05, 0.00, 0.22, -0.95, -0.06), "V2": (0.07, 0.00, 0.45, -1.40, 0.45),
    "V3": (0.07, 0.00, 0.80, -1.00, 0.50), "V4": (0.08, -0.05, 1.40, -0.50, 0.45),
    "V5": (0.08, -0.08, 1.40, -0.22, 0.38), "V6": (0.08, -0.08, 1.05, -0.10, 0.28),
}  # fmt: skip

#: The same after an anterior infarction: septal Q waves, lost R, inverted T.
_ANTERIOR_SCAR: dict[str, tuple[float, float, float, float, float]] = {
    "I": (0.08, -0.05, 0.50, -0.10, -0.08), "II": (0.14, -0.06, 0.95, -0.15, 0.22),
    "V1": (0.05, -0.70, 0.02, -0.20, -0.05), "V2": (0.07, -1.05, 0.05, -0.15, -0.18),
    "V3": (0.07, -0.75, 0.15, -0.30, -0.32), "V4": (0.08, -0.35, 0.55, -0.30, -0.36),
    "V5": (0.08, -0.12, 0.95, -0.22, -0.22), "V6": (0.08, -0.08, 0.90, -0.10, -0.08),
}  # fmt: skip


@dataclass(frozen=True)
class Rhythm:
    """How fast the heart beats and how long its parts take (milliseconds)."""

    rate: float = 68.0
    pr: float = 164.0
    qrs: float = 92.0
    qt: float = 396.0
    anterior_scar: bool = False
    seed: int = 1

    @property
    def qtc(self) -> float:
        """QT corrected for rate after Bazett."""
        return self.qt / float(np.sqrt(60.0 / self.rate))


def record(rhythm: Rhythm) -> Array:
    """Ten seconds of all twelve leads in millivolts, shaped (12, samples)."""
    rng = np.random.default_rng(rhythm.seed)
    time = np.arange(SAMPLES_PER_SECOND * SECONDS) / SAMPLES_PER_SECOND
    peaks = _ANTERIOR_SCAR if rhythm.anterior_scar else _HEALTHY
    measured = {lead: np.zeros_like(time) for lead in peaks}
    for beat in _beats(rhythm, rng):
        for lead, sizes in peaks.items():
            measured[lead] += _beat(time - beat, sizes, rhythm)
    for trace in measured.values():
        trace += 0.025 * np.sin(2 * np.pi * 0.22 * time + rng.uniform(0, 6))  # breathing
        trace += 0.006 * rng.standard_normal(len(time))
    one, two = measured["I"], measured["II"]
    # Einthoven and Goldberger: six limb leads carry two signals.
    limb = [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    chest = [measured[lead] for lead in ("V1", "V2", "V3", "V4", "V5", "V6")]
    return np.asarray(limb + chest, np.float32)


def _beats(rhythm: Rhythm, rng: np.random.Generator) -> list[float]:
    """Times of the R peaks, with the sway that breathing gives them."""
    moment, beats = 0.35, []
    while moment < SECONDS + 1.0:
        beats.append(moment)
        sway = 0.03 * np.sin(2 * np.pi * 0.22 * moment) + rng.normal(0, 0.006)
        moment += 60.0 / rhythm.rate * (1.0 + sway)
    return beats


def _beat(time: Array, sizes: tuple[float, ...], rhythm: Rhythm) -> Array:
    width = rhythm.qrs / 92.0
    start = -0.040 * width
    p, q, r, s, t = sizes
    waves = (
        (p, start - rhythm.pr / 1000.0 + 0.045, 0.020, 0.022),
        (q, -0.026 * width, 0.009 * width, 0.009 * width),
        (r, 0.0, 0.011 * width, 0.011 * width),
        (s, 0.028 * width, 0.011 * width, 0.012 * width),
        (t, start + rhythm.qt / 1000.0 - 0.085, 0.055, 0.034),
    )
    total = np.zeros_like(time)
    for size, centre, before, after in waves:
        distance = time - centre
        total += size * np.exp(-((distance / np.where(distance < 0, before, after)) ** 2) / 2)
    return np.asarray(total)
