"""Probabilities of stages that nobody told: between those of their neighbours."""

from __future__ import annotations

from collections.abc import Sequence


def between(known: Sequence[float | None], top: float = 100) -> list[float]:
    """`known` in the order of the stages (0 to `top`, None: not told), every gap filled in even steps between its neighbours.

    Before the first that is told the neighbour is 0, behind the last it is `top`.
    """
    filled: list[float] = []
    at = 0
    while at < len(known):
        here = known[at]
        if here is not None:
            filled.append(here)
            at += 1
            continue
        end = next((place for place in range(at, len(known)) if known[place] is not None), len(known))
        above = known[end] if end < len(known) else None
        low, high = (filled[-1] if filled else 0.0), (top if above is None else above)
        steps = end - at + 1
        filled += [low + (high - low) * step / steps for step in range(1, steps)]
        at = end
    return filled
