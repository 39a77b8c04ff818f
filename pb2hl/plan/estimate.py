"""What a plan costs: requests by kind, and the time and days at the location's limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pb2hl.operations import Kind, Target

BURST = 100
"""Requests per `BURST_SECONDS` per location (BEHAVIOUR: limits)."""

BURST_SECONDS = 10
DAILY = 200_000
LINKS_A_REQUEST = 50
"""Contacts that one call of POST /contacts/bulk/business links (contacts-v3.json, ids ≤ 50)."""

READ_PAGE = 100
"""Records a page of the slowest list; search pages hold up to 500."""


@dataclass(frozen=True)
class Estimate:
    """Requests by what they are for, their sum, and how long they take at full speed."""

    requests: Mapping[str, int]

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    @property
    def writes(self) -> int:
        """Requests of the load alone, without the read-back."""
        return sum(count for name, count in self.requests.items() if not name.startswith("read back"))

    @property
    def days(self) -> int:
        """Days that the daily allowance spreads the requests over."""
        return max(1, math.ceil(self.total / DAILY)) if self.total else 0

    @property
    def seconds(self) -> int:
        """Seconds at the burst limit, whole days of waiting for the allowance included."""
        full, rest = divmod(self.total, DAILY)
        return full * 86_400 + math.ceil(rest / BURST) * BURST_SECONDS

    def as_dict(self) -> dict[str, object]:
        """Flat figures for results and reports."""
        return {
            "requests": dict(self.requests),
            "total": self.total,
            "writes": self.writes,
            "seconds": self.seconds,
            "days": self.days,
        }


def estimate(
    counts: Mapping[tuple[Kind, Target], int],
    *,
    links: Mapping[str, int],
    lost_reasons: int = 0,
    consents: int = 0,
    before_images: int = 0,
) -> Estimate:
    """Requests of a plan.

    `counts` are operations by kind and target, `links` contacts by business, `lost_reasons` opportunities that need a
    second call for it, `consents` contacts that are read back one by one, since search omits their flags,
    `before_images` operations that first read the record that was there.
    """
    found: dict[str, int] = {}
    for (kind, target), count in sorted(counts.items()):
        if kind is Kind.SKIP or target is Target.LINK:
            continue
        found[str(target)] = found.get(str(target), 0) + count
    if links:
        found["link"] = sum(math.ceil(count / LINKS_A_REQUEST) for count in links.values())
    if lost_reasons:
        found["lost reason"] = lost_reasons
    if before_images:
        found["before-image"] = before_images
    made = {target: count for (kind, target), count in counts.items() if kind is not Kind.SKIP}
    for target in (Target.CONTACT, Target.BUSINESS, Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT):
        if made.get(target):
            found[f"read back {target}"] = math.ceil(made[target] / READ_PAGE)
    if consents:
        found["read back consent"] = consents
    return Estimate(found)
