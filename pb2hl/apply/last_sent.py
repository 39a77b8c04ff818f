"""How the ledger says that we left each record: what we made, wrote over, linked, tagged and uploaded, the last word of each field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pb2hl.apply.edits import STORED, edited, rewritten
from pb2hl.diff.flatten import CUSTOM, flatten_payload, flatten_record
from pb2hl.diff.overlay import laid_over
from pb2hl.diff.owner_sync import OwnerSync
from pb2hl.ledger import Entry, LedgerPort, State
from pb2hl.operations import OWNER, REMOVED_TAGS, Kind, Target
from pb2hl.values.fold import fold

HOSTED = frozenset({Target.OPPORTUNITY, Target.TASK, Target.APPOINTMENT})
"""Records that name the contact they hang on in `contactId`."""

BUSINESS, COMPANY = "businessId", "companyName"


class LastSent:
    """The ledger's account of what we last sent; walked once. Memory grows with what was written over records, not with records."""

    def __init__(self, ledger: LedgerPort):
        self.ours: set[str] = set()
        """Ids of records that this migration made, rolled back or not."""
        self.businesses: dict[str, str] = {}
        self.names: dict[str, str] = {}
        """Names of businesses, by id: those that we made, and whoever reads others may add theirs."""
        self.tags: dict[str, set[str]] = defaultdict(set)
        self.properties: dict[str, str] = {}
        self.files: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.first_run = min((run.started_at for run in ledger.runs()), default="")
        self.sync = OwnerSync(ledger)
        self._later: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._stored: dict[str, dict[str, Any]] = {}
        for entry in ledger.iterate(state=(State.DONE, State.UNDONE)):
            if entry.kind in (Kind.CREATE, Kind.UPLOAD):
                self.ours.add(entry.destination_id)
            if entry.state is State.DONE:
                self._remember(entry)

    def with_synced_owner(self, entry: Entry, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an update sent, and beside it the owner that HighLevel's owner sync has put on the record as it is now."""
        if not self.sync.explains(entry, OWNER, record):
            return entry.payload
        return {**entry.payload, OWNER: record[OWNER]}

    def _remember(self, entry: Entry) -> None:
        if entry.target is Target.LINK:
            self.businesses[str(entry.payload["contactId"])] = str(entry.payload["businessId"] or "")
        elif entry.target is Target.BUSINESS and entry.kind is Kind.CREATE:
            self.names[entry.destination_id] = str(entry.payload.get("name") or "")
        elif entry.target is Target.CONTACT_TAGS:
            self.tags[entry.destination_id].update(map(fold, entry.payload.get("tags") or ()))
            self.tags[entry.destination_id] -= set(map(fold, entry.payload.get(REMOVED_TAGS) or ()))
        elif entry.target is Target.FIELD and entry.payload.get("objectKey"):
            key = str(entry.answer.get("fieldKey") or entry.payload.get("fieldKey") or "")
            self.properties[key] = entry.destination_id
        elif entry.target is Target.FILE:
            where = entry.payload.get("$url") or {}
            upload = entry.destination_id.rsplit("/", 1)[-1]
            self.files[str(where.get("contactId")), str(where.get("fieldId"))].add(upload)
        if entry.kind is Kind.UPDATE and entry.target not in (Target.LINK, Target.FILE) and was_sent(entry):
            self._wrote_over(entry)

    def _wrote_over(self, entry: Entry) -> None:
        self._later[entry.destination_id].append(entry.payload)
        known = self._stored.setdefault(entry.destination_id, {})
        for name in flatten_payload(entry.payload):
            known.pop(name, None)
        if len(entry.answer) > 1 and entry.target is not Target.CONTACT_TAGS:
            known |= rewritten(entry.target, entry.payload, entry.answer)

    def payload(self, entry: Entry) -> Mapping[str, Any]:
        """What a record that we made should hold: what was sent, and what later operations of ours wrote since."""
        return laid_over(entry.payload, self._later.get(entry.destination_id, ()))

    def stored(self, entry: Entry) -> Mapping[str, Any] | None:
        """What HighLevel answered to those writes where it is not what was sent; None when the create's answer is not known."""
        made = entry.answer.get(STORED)
        if made is None:
            return None
        gone = {name for payload in self._later.get(entry.destination_id, ()) for name in flatten_payload(payload)}
        kept = {name: value for name, value in made.items() if name not in gone}
        return {**kept, **self._stored.get(entry.destination_id, {})}

    def only_our_files(self, contact: str, field_id: str, value: Any) -> bool:
        """Whether a FILE_UPLOAD field of the contact holds files that we put there, and no others."""
        ours = self.files.get((contact, field_id), set())
        if isinstance(value, Mapping):
            return bool(ours) and set(map(str, value)) <= ours
        return bool(ours) and len(value or ()) <= len(ours)

    def changed(self, entry: Entry, record: Mapping[str, Any], region: str) -> list[str]:
        """The fields that people changed of a record that we made; its business and the contact it hangs on included."""
        held = flatten_record(record)
        found = [
            name
            for name in edited(self.payload(entry), record, region, self.stored(entry))
            if not self.only_our_files(entry.destination_id, name.removeprefix(CUSTOM), held.get(name))
            and not self.sync.explains(entry, name, record)
            and not self._named_by_link(name, record)
        ]
        if entry.target is Target.CONTACT:
            found += [BUSINESS] * (str(record.get(BUSINESS) or "") != self.businesses.get(entry.destination_id, ""))
        if entry.target in HOSTED and record.get("contactId"):
            host = str((entry.payload.get("$url") or entry.payload).get("contactId") or "")
            found += ["contactId"] * (bool(host) and str(record["contactId"]) != host)
        return found

    def _named_by_link(self, name: str, record: Mapping[str, Any]) -> bool:
        """Whether this is the name of the contact's business: some locations write it when a contact is linked."""
        business = self.names.get(str(record.get(BUSINESS) or ""), "")
        return name == COMPANY and bool(business) and fold(business) == fold(str(record.get(COMPANY)))


def was_sent(entry: Entry) -> bool:
    """Whether a request of ours left for it. An update that people had made already is recorded as done, and is theirs."""
    return bool(entry.intended_at)
