"""Drive a migration through the steps' functions, as the command line does, and look at what arrived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pb2hl.ledger import Ledger
from pb2hl.register import STEPS
from pb2hl.steps.gates.batch import decide
from pb2hl.steps.overview.status import status
from pb2hl.steps.shared.session import PROBED
from pb2hl.workspace import Workspace, parse_config

ORDER = ("inventory", "match", "mapping", "check", "schema", "sample", "load", "delta", "audit")
DECIDED = {"match", "mapping", "sample"}


def step(ws: Workspace, name: str, **options: Any):
    """Run one step's function, or `status`, which is no step of a migration."""
    return (status if name == "status" else STEPS[name].function())(ws, **options)


def workspace(folder: Path, export: Path, sandbox: Any, **settings: Any) -> Workspace:
    """A workspace for `export` against the running sandbox, how far whose search lags is known as `doctor --probe` finds it."""
    config = {"export": str(export), "location": sandbox.location, "base_url": sandbox.url, **settings}
    ws = Workspace.create(folder, parse_config(config))
    state = getattr(sandbox, "state", None)  # one of another process lags nothing
    with Ledger.open(ws) as ledger:
        ledger.remember(PROBED, {"search_lag_s": 1.5 * state.scenario.search_lag_s if state else 0.0})
    return ws


def migrate(ws: Workspace, to: str = "audit", who: str = "Judge") -> dict[str, Any]:
    """Every step up to `to` with every default taken, as `run --approve-all` does; results by step."""
    results = {}
    for name in ORDER[: ORDER.index(to) + 1]:
        results[name] = step(ws, name)
        if name in DECIDED:
            decide(ws, name, who, take_defaults=True)
        if name == "schema":
            decide(ws, name, who, take_defaults=True)
            results["schema"] = step(ws, "schema", apply=True)
    return results


def in_budget(results: dict[str, Any], share: float = 0.03) -> bool:
    """Whether the requests sent until the audit's end are within `share` of what the schema step had planned."""
    table = results["audit"].tables["requests"].set_index("step").loc["all"]
    return abs(table["planned"] / table["sent"] - 1) <= share


@dataclass(frozen=True)
class Arrived:
    """The sandbox's records with custom fields by name, as a person in HighLevel sees them."""

    dump: dict[str, Any]

    @classmethod
    def of(cls, sandbox: Any) -> Arrived:
        """What the location holds now."""
        return cls(sandbox.state.dump())

    def _named(self, record: dict[str, Any], model: str) -> dict[str, Any]:
        fields = {f["id"]: f["name"] for f in self.dump["fields"].values() if f["objectKey"] == model}
        keys = {
            f["fieldKey"].split(".")[-1]: f["name"] for f in self.dump["fields"].values() if f["objectKey"] == model
        }
        custom = {fields[i["id"]]: next(v for k, v in i.items() if k != "id") for i in record.get("customFields", [])}
        custom |= {keys.get(k, k): v for k, v in record.get("properties", {}).items()}
        return {**record, "custom": custom}

    @property
    def contacts(self) -> list[dict[str, Any]]:
        """Contacts."""
        return [self._named(record, "contact") for record in self.dump["contacts"].values()]

    @property
    def businesses(self) -> list[dict[str, Any]]:
        """Businesses."""
        return [self._named(record, "business") for record in self.dump["businesses"].values()]

    @property
    def opportunities(self) -> list[dict[str, Any]]:
        """Opportunities."""
        return [self._named(record, "opportunity") for record in self.dump["opportunities"].values()]

    def contact(self, email: str) -> dict[str, Any]:
        """The one contact with this e-mail."""
        (found,) = [record for record in self.contacts if record.get("email") == email]
        return found

    def business(self, name: str) -> dict[str, Any]:
        """The one business of this name."""
        (found,) = [record for record in self.businesses if record["name"] == name]
        return found

    def opportunity(self, name: str) -> dict[str, Any]:
        """The one opportunity of this name."""
        (found,) = [record for record in self.opportunities if record["name"] == name]
        return found

    def marked(self, kind: str, marker: str) -> list[dict[str, Any]]:
        """Notes, tasks or appointments whose provenance line holds `marker`."""
        text = {"notes": "body", "tasks": "body", "appointments": "description"}[kind]
        return [record for record in self.dump[kind].values() if marker in (record.get(text) or "")]

    def user(self, email: str) -> str:
        """The id of a user."""
        (found,) = [u["id"] for u in self.dump["users"].values() if u["email"].lower() == email.lower()]
        return found

    def stage(self, opportunity: dict[str, Any]) -> tuple[str, str]:
        """(pipeline, stage) of an opportunity."""
        pipeline = self.dump["pipelines"][opportunity["pipelineId"]]
        return pipeline["name"], next(
            s["name"] for s in pipeline["stages"] if s["id"] == opportunity["pipelineStageId"]
        )
