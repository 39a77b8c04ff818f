"""What a column could be, as the columns of a table are weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a column could be. `confidence` 0-1; `place` ranks addresses, phones and e-mails (0 first); `transform` is
    what the value needs on its way (`pb2hl.values.transforms`)."""

    field: str
    target: str
    confidence: float
    reason: str
    place: int = 0
    index: int = 0
    confirmed: bool = False
    said: str = ""
    transform: str = ""

    def become(self, field: str, target: str, why: str, confidence: float = 0.85) -> Candidate:
        """The same column as another field, for what stands beside it."""
        return replace(self, field=field, target=target, confidence=confidence, reason=f"{self.reason}; {why}")
