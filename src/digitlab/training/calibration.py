"""Calibration: one number that makes confidence mean what it says.

Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 (arXiv 1706.04599).
"""

from __future__ import annotations

import numpy as np


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature that makes the labels most likely; 1 where there is nothing to fit.

    Args:
        logits: (N, 10) float, of digits that were not trained on.
        labels: (N,) int, 0..9.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if not len(labels):
        return 1.0
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return float(-log_softmax(scaled, axis=1)[rows, labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def fit_odds(odds: np.ndarray, is_digit: np.ndarray) -> tuple[float, float]:
    """Return temperature and offset that make (odds - offset) / temperature the log odds of being a digit.

    Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999.

    Args:
        odds: (N,) float, raw log odds of pieces that were not trained on.
        is_digit: (N,) bool.

    Returns:
        (1, 0) where there is nothing to fit.
    """
    from scipy.optimize import minimize

    if is_digit.all() or not is_digit.any():
        return 1.0, 0.0
    sign = np.where(is_digit, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> float:
        return float(np.logaddexp(0, -sign * (odds.astype(np.float64) - parameters[1]) / np.exp(parameters[0])).mean())

    log_temperature, offset = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(np.clip(log_temperature, -3, 3))), float(offset)
