"""What a rehearsal location is like: its settings, people, existing records, limits and faults, as one file.

A scenario is TOML or JSON; every key has a default, an unknown key is refused. `Behaviour` holds the ways of HighLevel
that are reported by users rather than documented: each is one named switch, so that a rehearsal can try both.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pb2hl.errors import ConfigError, Problem, Severity


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Behaviour(_Section):
    """Reported ways of HighLevel, one switch each; the defaults are what most reports say."""

    lower_case_tags: bool = True
    lower_case_emails: bool = True
    non_e164_phones: Literal["drop", "normalise", "refuse"] = "drop"
    refuse_empty_identity: bool = True  # "" for e-mail or phone answers 422
    drop_unknown_custom_fields: bool = True  # else 422
    drop_unmatched_options: bool = True  # else the text is kept as sent
    ignore_empty_custom_values: bool = True  # "" leaves the value alone; null clears
    date_fields_cut_time: bool = True
    lose_field_options: Literal["none", "last", "all"] = "none"  # options lost when a field is created
    search_omits: list[str] = ["dndSettings", "inboundDndSettings", "timezone"]
    search_value_limit: int = 75  # characters of a filter value
    search_page_limit: int = 500
    search_depth: int = 10_000  # records that `page` reaches
    business_drops_lists: bool = True  # MULTIPLE_OPTIONS, CHECKBOX, TEXTBOX_LIST do not persist
    business_options_as_key: bool = True  # SINGLE_OPTIONS takes the label, gives back the key
    business_dates_need_time: bool = True  # DATE wants a full ISO timestamp
    business_name_eq_misses: bool = True  # records search by name: `eq` finds nothing, `contains` does
    recompute_stage_probabilities: bool = True  # if one stage lacks its probability all are recomputed
    pipelines_api: bool = True  # False: POST, PUT, DELETE of pipelines answer 404, as before June 2026
    put_keeps_stage_ids: bool = True  # PUT of a pipeline keeps the stages whose id it is sent; False: all are made anew
    pipelines_lag_s: float = 0.0  # seconds by which the pipelines list lags a write (about 3 in life)
    delete_contact_deletes_opportunities: bool = True
    thin_opportunities: bool = False  # GET by id leaves custom fields and the lost reason out; search rows have them
    opportunity_takes_source: bool = False  # `source` in the create body: told by the notes, absent from the v3 spec
    opportunity_put_takes_lost_reason: bool = False  # `lostReasonId` in PUT /opportunities/{id}: likewise
    notes_on_opportunities: bool = False  # relations of the notes API to opportunities are unproven
    associations: list[str] = [
        "BUSINESSES_OPPORTUNITIES_ASSOCIATION",
        "OPPORTUNITIES_CONTACTS_ADDITIONAL_ASSOCIATION",
        "TASK_OPPORTUNITY_ASSOCIATION",
        "TASK_BUSINESS_ASSOCIATION",
    ]  # keys of HighLevel's own associations that the location has
    relations_persist: bool = True  # False: a relation is answered with 201 and not kept
    custom_field_search: Literal["works", "blind", "ignored", "refused"] = (
        "works"  # filters `customFields.<id>` of contacts
    )
    record_cursor: Literal["text", "numbers", "either"] = (
        "text"  # `searchAfter` of record searches: the request schema has text, the answers numbers
    )
    notes_by_relation: Literal["ids", "objects", "refused", "blind"] = (
        "ids"  # `relations` of the notes search: the vendor's page has record ids, the web interface sends objects
    )
    lists_tell_total: bool = True  # False: searches leave `total` out
    searches: Literal["end", "repeat", "endless"] = (
        "end"  # what comes after the last page: nothing, the first, or ever more
    )
    field_extras: list[Literal["fieldKey", "description", "parentId"]] = [
        "fieldKey",
        "description",
        "parentId",
    ]  # what the creating call of contact and opportunity fields takes beyond the official files; the rest answers 422
    put_adds_channels: bool = True  # PUT of a contact adds to dndSettings; False: replaces them (neither is documented)
    capital_channels: bool = False  # answers name the channels of dndSettings `Email`, `SMS`, `WhatsApp`, as search filters and older versions do
    put_null: Literal["clears", "ignored", "refused"] = "clears"  # null for a plain field of a contact
    uncleared: list[
        str
    ] = []  # fields of a contact that, once set, can be changed and not cleared: null and "" answer 422
    owner_sync: bool = False  # a deal's owner becomes its contact's, and a contact's owner that of its deals
    owner_sync_chains: bool = False  # so that a deal's owner becomes that of its contact's other deals
    message_providers: dict[
        str, str
    ] = {}  # ids of conversation providers that the token may use, and the channel of each
    default_providers: bool = (
        False  # SMS and e-mails are logged without a provider's id; False: 422, as the spec requires it
    )
    message_dates: bool = True  # a logged message has the date that it was sent with; False: the moment of logging
    messages_persist: Literal["yes", "without id", "nothing"] = (
        "yes"  # the other two are answered with success and not kept
    )
    logging_sends: bool = False  # logging an outbound message sends it
    logging_fires: bool = True  # logging an inbound message starts the workflows that wait for a customer's reply
    inbound_unread: bool = True  # and counts as unread
    alt_id_told: bool = False  # `altId` comes back with a message
    export_bodies: bool = True  # and its text does
    conversation_again: Literal["refused", "same"] = "refused"  # a second conversation of a contact
    link_sets_company_name: bool = False  # linking a contact to a business writes its companyName
    upsert_order: list[Literal["email", "phone"]] = ["email", "phone"]


class LocationSettings(_Section):
    """GET /locations/{id}: who the location is and its two duplicate settings."""

    id: str = "sbLoc4t10nReh3ars4l0"
    company_id: str = "sbC0mp4nyReh3ars4l00"
    name: str = "Rehearsal"
    country: str = "CA"
    timezone: str = "America/Toronto"
    email: str = "office@rehearsal.example"
    phone: str = "+16135550100"
    allow_duplicate_contact: bool = False
    allow_duplicate_opportunity: bool = False
    answers_as: str = ""  # the id that GET /locations/{id} gives, when it is another's


class RateLimit(_Section):
    """Requests per interval and per day. `speed` 10 makes the interval ten times shorter; headers tell the truth."""

    max: int = Field(default=100, ge=1)
    interval_s: float = Field(default=10.0, gt=0)
    daily: int = Field(default=200_000, ge=0)
    day_s: float = Field(default=86_400.0, gt=0)
    speed: float = Field(default=1.0, gt=0)
    window: Literal["sliding", "fixed"] = "sliding"
    enabled: bool = True


class KillAt(_Section):
    """At write number `write` (1-based) send SIGKILL to `pid`, before or after the write is committed.

    `pid` 0 takes the request's `X-Sandbox-Pid` header.
    """

    write: int = Field(ge=1)
    mode: Literal["before", "after"] = "before"
    pid: int = 0


FaultName = Literal[
    "error_before",
    "error_after",
    "lost_answer",
    "reset",
    "spurious_429",
    "stall",
    "malformed",
    "created_422",
    "html_200",
    "wrong_type",
    "deep_json",
    "drip",
    "absurd_retry_after",
]


class FaultAt(_Section):
    """One certain fault: at write number `write` or request number `request` (1-based, counted since the last reset)."""

    fault: FaultName
    write: int = 0
    request: int = 0


class AnsweredAs(_Section):
    """Requests, reads among them, whose `METHOD /path` matches are answered so, and not carried out."""

    match: str
    status: int = 200
    body: str = ""
    media_type: str = "application/json"


class Faults(_Section):
    """What goes wrong. Probabilities are 0-1 per request; those marked (write) touch only requests that write."""

    seed: int = 7
    error_before: float = Field(default=0, ge=0, le=1)  # 500, 502 or 503, nothing done
    error_after: float = Field(default=0, ge=0, le=1)  # (write) committed, then 500, 502 or 503
    lost_answer: float = Field(default=0, ge=0, le=1)  # (write) committed, then the connection closes
    reset: float = Field(default=0, ge=0, le=1)  # connection reset before anything is done
    spurious_429: float = Field(default=0, ge=0, le=1)
    stall: float = Field(default=0, ge=0, le=1)
    stall_s: float = Field(default=10.0, ge=0)
    malformed: float = Field(default=0, ge=0, le=1)  # (write) committed, the answer's JSON is cut off
    created_422: float = Field(default=0, ge=0, le=1)  # (write) committed, answered 422
    html_200: float = Field(default=0, ge=0, le=1)  # a page of a proxy, nothing done
    wrong_type: float = Field(default=0, ge=0, le=1)  # `wrong_answer` with 200, nothing done
    wrong_answer: str = "7"  # the JSON that it is answered with
    deep_json: float = Field(default=0, ge=0, le=1)  # lists in lists without end, nothing done
    drip: float = Field(default=0, ge=0, le=1)  # an answer of a byte now and then, without end
    drip_s: float = Field(default=0.5, gt=0)
    absurd_retry_after: float = Field(default=0, ge=0, le=1)  # 429 that asks to wait for three years
    token_expires_after: int = 0  # requests; 0 never
    down_at_request: int = 0  # the server stops listening at this request; 0 never
    down_s: float = 60.0
    at: list[FaultAt] = []
    refuse: list[str] = []  # (write) regular expressions; a request whose `METHOD /path body` one matches answers 422
    refuse_share: float = Field(
        default=1, ge=0, le=1
    )  # of those, by chance and by `seed`; the same request meets the same fate
    pretend: list[str] = []  # (write) the same for requests that are answered with success and not carried out
    pretend_shows: list[str] = []  # (write) the same, and the answer shows what it would if they were
    answer: list[AnsweredAs] = []  # what is answered in place of HighLevel, by whatever stands before it
    kill_at: KillAt | None = None


class Scenario(_Section):
    """One rehearsal location. Lists of records take HighLevel's own field names; missing ids are made."""

    seed: int = 1
    token: str = "pit-rehearsal-token"
    scopes: list[str] | None = None  # None: all of them
    lacking_scopes: list[str] = []
    location: LocationSettings = LocationSettings()
    behaviour: Behaviour = Behaviour()
    rate: RateLimit = RateLimit()
    faults: Faults = Faults()
    latency_min_s: float = Field(default=0.0, ge=0)
    latency_max_s: float = Field(default=0.0, ge=0)
    search_lag_s: float = Field(default=0.0, ge=0)
    users: list[dict[str, Any]] = []
    calendars: list[dict[str, Any]] = []
    workflows: list[dict[str, Any]] = []
    lost_reasons: list[str] = []
    tags: list[str] = []
    custom_fields: list[dict[str, Any]] = []
    pipelines: list[dict[str, Any]] = []
    businesses: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    opportunities: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    appointments: list[dict[str, Any]] = []

    @classmethod
    def default(cls, **changes: Any) -> Scenario:
        """The shipped rehearsal location: eight users, a calendar, workflows, lost reasons; `changes` replace keys."""
        keys = {**_default(), **changes}
        if "calendars" not in changes and keys["users"]:
            keys["calendars"] = [{**calendar, "team": [keys["users"][0]["email"]]} for calendar in keys["calendars"]]
        return cls(**keys)

    @classmethod
    def load(cls, path: Path | str) -> Scenario:
        """The default scenario with what the TOML or JSON file at `path` replaces.

        Raises ConfigError with every problem of the file at once.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
            body = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
            if not isinstance(body, dict):
                raise ValueError("it is no table of settings")
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"the scenario {path.name} cannot be read: {error}", hint="it must be TOML, or JSON named .json"
            ) from error
        try:
            return cls.default(**body)
        except ValidationError as error:
            raise ConfigError(
                f"the scenario {path.name} has settings that do not fit",
                hint="mend the settings named above",
                problems=[
                    Problem(
                        "scenario",
                        item["msg"],
                        Severity.CRITICAL,
                        file=path.name,
                        field=".".join(map(str, item["loc"])),
                    )
                    for item in error.errors(include_url=False, include_input=False)
                ],
            ) from error


_PEOPLE = ("Alice Martin", "Ben Okafor", "Chloe Tremblay", "David Singh", "Elena Rossi", "Farid Haddad", "Grace Kim", "Hugo Larsen")  # fmt: skip


def _default() -> dict[str, Any]:
    return {
        "users": [{"name": name, "email": f"{name.split()[0].lower()}@rehearsal.example"} for name in _PEOPLE],
        "calendars": [{"name": "Office", "team": [f"{_PEOPLE[0].split()[0].lower()}@rehearsal.example"]}],
        "workflows": [
            {"name": "Web form follow-up", "status": "published", "trigger": "form_submitted"},
            {"name": "Missed call text-back", "status": "published", "trigger": "missed_call"},
            {"name": "Welcome new contact", "status": "draft", "trigger": "contact_created"},
        ],
        "lost_reasons": ["Price", "Competitor", "No response", "Timing"],
    }
