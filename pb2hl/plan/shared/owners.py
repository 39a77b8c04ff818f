"""Who gets a record: the mapped user, else the documented fallback, else nobody, and always told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pb2hl.mapper import fallback_user
from pb2hl.plan.inputs.inputs import PlanInputs
from pb2hl.source.lookup import Index
from pb2hl.values.fold import fold


@dataclass(frozen=True)
class Owner:
    """The user who gets a record. `how`: mapped, fallback (the owner is not a user), blank (no owner given), nobody."""

    user_id: str
    how: str
    name: str = ""


@dataclass(frozen=True)
class Owners:
    """Owners by the value as the tables hold it."""

    mapped: Mapping[str, str]
    fallback: str
    people: Index
    names: Mapping[str, str]
    _memory: dict[str, Owner] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, inputs: PlanInputs) -> Owners:
        """From the owners sheet, the users table and the fallback owner of migration.toml."""
        users = inputs.table("users")
        names = {}
        if not users.empty:
            labels = users["name"] if "name" in users.columns else users["source_id"]
            names = {
                str(key): str(label) for key, label in zip(users["source_id"], labels, strict=True) if label == label
            }
        fallback = fallback_user(inputs.config.fallback_owner, inputs.destination.users)
        folded = {fold(str(value)): user for value, user in inputs.mapping.owners.items()}
        return cls(folded, fallback, Index(users, by_source_id=True), names)

    def find(self, value: str | None) -> Owner:
        """The user for an owner value as exported; blank values get the fallback too."""
        key = (value or "").strip()
        known = self._memory.get(key)
        if known is None:
            known = self._memory[key] = self._look(key)
        return known

    def _look(self, key: str) -> Owner:
        if not key:
            return Owner(self.fallback, "blank")
        person = self.people.find(key).source_id
        name = self.names.get(person, key)
        for candidate in (key, person):
            user = self.mapped.get(fold(candidate), "") if candidate else ""
            if user:
                return Owner(user, "mapped", name)
        return Owner(self.fallback, "fallback" if self.fallback else "nobody", name)
