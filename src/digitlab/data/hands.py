"""Hands and pens: all that makes one person's digit look unlike another's, drawn anew for each digit.

The ranges were chosen by judgement, so that widths of strokes and amounts of ink are centred on those of MNIST's
training digits and reach further.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Hand:
    """How a hand departs from the skeleton; lengths are in heights of the digit, angles in radians.

    Attributes:
        blend: how far the shape is on its way to another pose of the same structure, 0 to 1.
        rounding: 0 honours sharp corners, 1 rounds them off, below 0 overshoots them.
        miss: standard deviation of the distance by which the pen misses a point; neighbours are missed alike.
        apart: standard deviation of the shift of each stroke as a whole.
        trim: standard deviation of the part of a stroke's points left out at its ends.
        tremor: standard deviation of the tremble along the stroke.
        widen: factor of the width of the digit.
        slant: tangent of the angle by which upright strokes lean to the right.
        climb: tangent of the angle by which level strokes climb.
        turn: rotation of the whole digit.
        lift: (2,) how far the middle moves down and right while the ends stay: big heads, small bellies.
        bow: (2,) how far upright and level strokes are bent.
        keystone: (2,) how much the foot is wider than the head, and the right side higher than the left.
    """

    blend: float
    rounding: float
    miss: float
    apart: float
    trim: float
    tremor: float
    widen: float
    slant: float
    climb: float
    turn: float
    lift: np.ndarray
    bow: np.ndarray
    keystone: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator) -> Hand:
        """Draw a hand."""
        normal, uniform = rng.standard_normal(14), rng.random(6)
        return cls(
            blend=max(0.0, 1.4 * uniform[0] - 0.4),
            rounding=1.4 * uniform[1] - 0.3,
            miss=0.008 + 0.032 * uniform[2],
            apart=0.035 * uniform[3],
            trim=0.06 * max(0.0, uniform[4] - 0.4),
            tremor=0.006 * uniform[5] ** 3,
            widen=math.exp(0.1 + 0.25 * normal[0]),
            slant=min(max(0.16 + 0.24 * normal[1], -0.5), 0.8),
            climb=0.06 + 0.08 * normal[2],
            turn=0.08 * normal[3] + 0.05 * normal[3] * abs(normal[10]),
            lift=0.08 * normal[4:6],
            bow=0.05 * normal[6:8],
            keystone=0.12 * normal[8:10],
        )


@dataclass(frozen=True)
class Pen:
    """What the hand holds; widths are in sizes (longer sides) of the digit.

    Attributes:
        width: of the stroke, on average.
        pressure: relative standard deviation of the width along the stroke.
        taper: how much narrower strokes begin and end: 0 for a ballpoint, towards 1 for a brush.
        nib: 0 for a round point, towards 1 for a broad nib, whose width depends on the stroke's direction.
        nib_angle: in which the nib writes finest, radians.
        softness: blur of the edge, standard deviation as a part of the width.
        grain: how much of the paper shows through the ink: 0 for a marker, 0.5 for a pencil.
        ink: how dark full ink is, 0 to 1.
    """

    width: float
    pressure: float
    taper: float
    nib: float
    nib_angle: float
    softness: float
    grain: float
    ink: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Pen:
        """Draw a pen: ballpoint, marker, pencil, brush or broad nib."""
        kind, width, pressure, form, angle, soft, grain, ink = rng.random(8)
        brush, nib, pencil = kind < 0.12, 0.12 <= kind < 0.24, 0.24 <= kind < 0.4
        spread = rng.standard_normal()
        return cls(
            width=min(max(0.12 * math.exp(0.44 * spread), 0.03), 0.28) * (0.9 + 0.2 * width),
            pressure=0.22 * pressure if not brush else 0.15 + 0.2 * pressure,
            taper=0.3 + 0.6 * form if brush else 0.25 * form,
            nib=0.3 + 0.5 * form if nib else 0.0,
            nib_angle=math.pi * (0.05 + 0.4 * angle),
            softness=0.02 + 0.1 * soft * soft,
            grain=0.1 + 0.4 * grain if pencil else 0.0,
            ink=1.0 - 0.3 * ink * ink if pencil else 1.0,
        )
