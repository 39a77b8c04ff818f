"""What a probe proved of a location: facts that users report and no official file promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

PROBED = "probed"
"""The fact under which `doctor --probe` keeps in the ledger what it saw of this location."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Ways of a location; None is what no probe has seen yet, and never relied on.

    `owner_sync`: a contact gets the owner of its opportunity, and the other way round; `owner_synced`: some probe saw it, if not the
    last. `link_names`: a contact that is linked to a
    business gets its name as company name. `note_relations`: one note can be on a
    contact, an opportunity and a business at once. `associations`: the associations through which records were related and
    found related, by key (`BUSINESS_DEAL` and its like): `{"id", "first"}`, `first` the object that is named first.
    `messages`: `channels` (SMS, Email, Call → the id of the conversation provider, "" for none) on which a message that was logged
    kept its date, sent nothing and started nothing; `unread` whether logged ones count as unread; `by_alt_id` whether `altId` comes
    back; `why` not, by channel.
    `field_extras`: model → what the creating call of its fields takes and shows of `fieldKey`, `description` and `parentId`.
    """

    owner_sync: bool | None = None
    owner_synced: bool | None = None
    link_names: bool | None = None
    note_relations: bool | None = None
    associations: Mapping[str, Mapping[str, str]] | None = None
    messages: Mapping[str, Any] | None = None
    field_extras: Mapping[str, Sequence[str]] | None = None

    @property
    def may_sync_owners(self) -> bool:
        """Whether an opportunity's owner may become its contact's: what nobody probed may be so, and what is the client's own is kept."""
        return self.owner_sync is not False

    def channels(self, providers: Mapping[str, str]) -> dict[str, str]:
        """The channels on which messages may be logged, and the id of the provider of each: proven with the same providers as now."""
        proven: Mapping[str, str] = (self.messages or {}).get("channels") or {}
        return {channel: provider for channel, provider in proven.items() if providers.get(channel, "") == provider}

    @classmethod
    def of(cls, ledger: Any) -> Capabilities:
        """What the ledger remembers of the last probe."""
        return cls.from_probe(ledger.recall(PROBED) or {})

    @classmethod
    def from_probe(cls, probed: Mapping[str, Any]) -> Capabilities:
        """The same from what a probe gave."""
        return cls(**{item.name: probed.get(item.name) for item in fields(cls)})
