"""What a plan costs: requests by kind, and the time and days at the location's limits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pb2hl.operations import Kind, Operation, Target

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
    links: Mapping[str, int] = field(default_factory=dict)
    """Contacts to be linked, by business: fifty go in one request."""

    @property
    def total(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    @property
    def writes(self) -> int:
        """Requests of the load alone, without the read-back."""
        return sum(count for name, count in self.requests.items() if "read back" not in name)

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
        found["link"] = link_requests(links)
    if lost_reasons:
        found["lost reason"] = lost_reasons
    if before_images:
        found["before-image"] = before_images
    made = {target: count for (kind, target), count in counts.items() if kind is not Kind.SKIP}
    for target in READ_BACK:
        if made.get(target):
            found[f"read back {target}"] = math.ceil(made[target] / READ_PAGE)
    if consents:
        found["read back consent"] = consents
    return Estimate(found, dict(links))


def link_requests(links: Mapping[str, int]) -> int:
    """Requests that link so many contacts of each business."""
    return sum(math.ceil(count / LINKS_A_REQUEST) for count in links.values())


def business_of(link: Operation) -> str:
    """What a link's business is known by in a plan: its id, or the operation that makes it."""
    business = link.payload["businessId"]
    return str(business["$ref"]) if isinstance(business, Mapping) else str(business)


def whole(data: Estimate, schema: Mapping[tuple[Kind, Target], int], sample: Iterable[Operation]) -> Estimate:
    """The requests of everything from making the schema to the audit: `data`, what the schema costs, and the sample's part.

    `schema` are the schema's operations by kind and target. Each field is read back when it is made, since its options may
    be lost, and all of the location's schema once; the sample's records are read back by id, and its links go by themselves.
    """
    found = dict(data.requests)
    made = Counter({target: count for (kind, target), count in schema.items() if kind is not Kind.SKIP})
    found["schema"] = sum(made.values())
    found["schema read back"] = made[Target.FIELD] + SCHEMA_READS
    taken = [op for op in sample if op.kind is not Kind.SKIP]
    links = Counter(business_of(op) for op in taken if op.target is Target.LINK)
    rest = {business: count - links[business] for business, count in data.links.items()}
    if links:
        found["link"] = link_requests(links) + link_requests(rest)
    found["read back sample"] = sum(op.target in READ_BACK for op in taken)
    return Estimate({name: count for name, count in found.items() if count}, data.links)


READ_BACK = (Target.CONTACT, Target.BUSINESS, Target.OPPORTUNITY, Target.NOTE, Target.TASK, Target.APPOINTMENT)
"""Records that are compared with what was sent; links come with their contacts."""

SCHEMA_READS = 11
"""Requests that read a location's settings, users, fields, pipelines, tags, calendars and workflows."""
