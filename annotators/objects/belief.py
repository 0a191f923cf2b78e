"""Belief: the joint assignment of sounds to makers, by Bayes' rule.

Each sound has one maker: one of the visible things, or something else, out of sight or in the picture but not followed. Given
how the mix places its sounds, the evidence for every pair is independent, so the ways of mixing are summed over, each as far
as the whole clip bears it out. A thing that makes one kind of sound rarely makes another: the beliefs about two sounds of
different kinds are weighed against each other until they settle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Likelihoods:
    """Log likelihoods of S sounds under M ways of mixing.

    `mix_priors`: (M,) probabilities; `makers`: (M, S, T + E), of T things and after them E other makers;
    `differ`: (S, S), whether two sounds differ in kind.
    """

    mix_priors: Floats
    makers: Floats
    differ: NDArray[np.bool_]


def beliefs(found: Likelihoods, priors: Floats, num_things: int, second_kind: float) -> Floats:
    """Probability of each maker for each sound, (S, T + E).

    Args:
        priors: (T + E,) probability of each maker before any evidence.
        second_kind: how likely a thing that makes one kind of sound is to make another, against one that makes none.
    """
    logs = found.makers + np.log(priors)
    others = len(priors) - num_things
    belief = _mixed(found.mix_priors, logs)
    for _ in range(ROUNDS if num_things and belief.size else 0):
        elsewhere = np.where(found.differ[:, :, None], belief[None, :, :num_things], 0.0).max(axis=1)  # (S, T)
        taken = np.pad(np.log(1 - (1 - second_kind) * elsewhere), ((0, 0), (0, others)))
        belief = _mixed(found.mix_priors, logs + taken)
    return belief


def _mixed(mix_priors: Floats, logs: Floats) -> Floats:
    """Probabilities (S, K) of logs (M, S, K), the mixes weighed by how well they explain all sounds together."""
    top = logs.max(axis=2, keepdims=True)
    likelihood = np.exp(logs - top)
    total = likelihood.sum(axis=2, keepdims=True)
    by_mix = np.log(mix_priors) + (top + np.log(total)).sum(axis=(1, 2))
    weights = np.exp(by_mix - by_mix.max())
    return np.asarray(np.einsum("m,msk->sk", weights / weights.sum(), likelihood / total))
