"""Logistic regression: what scope, confidence and the use of lines are told by."""

import numpy as np


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))


def scores(beta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Probabilities of rows `x [n, width]`; `beta` is the intercept and the coefficients."""
    return sigmoid(beta[0] + x @ beta[1:])


def fit(x: np.ndarray, y: np.ndarray, penalty: float, weights: np.ndarray | None = None, steps: int = 60) -> np.ndarray:
    """Intercept and coefficients by Newton's method. `weights` of the rows sum to 1 (all alike where absent); `penalty` is on the squared coefficients."""
    weights = np.full(len(x), 1 / len(x)) if weights is None else weights
    design = np.hstack([np.ones((len(x), 1)), x])
    ridge = penalty * np.diag([0.0] + [1.0] * x.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(steps):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weights * (p - y)) + ridge @ beta
        hessian = (design * (weights * p * (1 - p))[:, None]).T @ design + ridge + 1e-9 * np.eye(len(beta))
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    return beta
