"""What an opportunity says that is worked out of a deal's cells: status word, company, lost reason, further contacts."""

from __future__ import annotations

from pb2hl.matching.evidence import DERIVED
from pb2hl.plan.fields.needs import option_of
from pb2hl.plan.inputs.rows import Row, text, texts
from pb2hl.plan.shared.context import Context
from pb2hl.plan.shared.draft import Draft
from pb2hl.values.fold import fold
from pb2hl.values.statuses import deal_status

OBJECT = "deals"
UNKNOWN_REASON = "lost_reason"
"""The problem of a lost deal whose reason the location lacks; its `field` is the reason."""


def said_status(ctx: Context, row: Row) -> str:
    """HighLevel's status for the deal's own status word, by sheets/picklists.csv or the known words; "" when it says none."""
    word = text(row, "status")
    return deal_status(option_of(ctx.inputs, OBJECT, "status", word)) or deal_status(word)


def status_word(ctx: Context, row: Row, status: str) -> str:
    """The status as exported, where it says nothing to HighLevel or its stage overrules it: `status` is what is sent."""
    return "" if said_status(ctx, row) == status else text(row, "status")


def is_refused(row: Row) -> bool:
    """Whether a deal has a reason why it was lost and a probability of nought."""
    return bool(text(row, "lost_reason")) and row.get("probability") == 0


def company(ctx: Context, row: Row) -> str:
    """The deal's own company by name, which no opportunity has a property for."""
    given = text(row, "company_id")
    found = ctx.companies.find(given).source_id
    name = ctx.company_names.get(found, "")
    own = not found.startswith(("~", DERIVED))  # an id that we derived tells nobody anything
    return f"{name} ({found})" if name and own else name or given


def lost_reason(ctx: Context, row: Row, status: str, draft: Draft) -> str:
    """The reason as text; "" where the location knows it and the draft got its id."""
    reason = text(row, "lost_reason")
    known = ctx.location.lost_reasons.get(fold(reason), "")
    if reason and known and status == "lost":
        draft.put("lostReasonId", known, "lost_reason")
        return ""
    if reason and status == "lost":
        ctx.findings.problem(
            UNKNOWN_REASON,
            OBJECT,
            f"the location has no lost reason {reason}",
            treatment="kept in the custom field Lost Reason; the admin makes it in Settings > Custom Fields > Opportunity > Lost Reason",
            field_=reason,
        )
    return reason


def naming(ctx: Context, row: Row, contact: str) -> tuple[str, ...]:
    """The columns whose references mean the contact with this source id."""
    return tuple(
        column
        for column in ("contact_id", "contact_email")
        if contact and any(ctx.contacts.find(item).source_id == contact for item in texts(row.get(column)))
    )


def others(ctx: Context, row: Row, contact: str) -> list[str]:
    """Further contacts of a deal by name, and references that mean no contact, as exported."""
    given = [*texts(row.get("contact_id")), *texts(row.get("contact_email"))]
    found = [ctx.contacts.find(item).source_id or item for item in given]
    lost = ctx.lost(OBJECT, row, "contact_id")[0]
    shown = [ctx.contact_labels.get(item, item) for item in dict.fromkeys(found) if item != contact]
    return [*shown, lost] if lost else shown
