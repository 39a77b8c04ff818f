"""Every error the package raises, in one tree.

Pb2hlError                     exit 2   anything we can explain; never a traceback for a user's mistake
├── ExportError                exit 2   the export cannot be read, or is of the wrong product
├── ConfigError                exit 2   migration.toml or a command-line value
│   └── LedgerUnreachable               the ledger's database does not answer, or went away in the middle
├── SheetError                 exit 2   a review sheet does not hold together (all its problems at once)
├── WorkspaceLocked            exit 2   another command is writing to this workspace
├── Unwritable                 exit 2   the disk is full, or the workspace may not be written to or locked
├── Damaged                    exit 2   a file of the workspace is cut off or not what it should be
├── KernelDied                 exit 2   the process that ran a notebook ended in the middle
├── TokenMissing               exit 2   HIGHLEVEL_TOKEN is not set
├── ChecksFailed               exit 1   a step's checks failed
├── GateClosed                 exit 3   a gate is not approved, or its approval lapsed
├── Cancelled                  exit 130 the person stopped the step; it can be resumed
└── HighLevelError             exit 4   HighLevel refused or is unreachable
    ├── Unreachable                     no answer although retried (nothing was sent, or only reads)
    │   └── DailySpent                  the day's allowance is spent, and nobody waits for the next here
    ├── AnswerLost                      a write left, no usable answer came: in doubt
    ├── TooManyErrors                   the circuit breaker opened
    └── ApiError                        HighLevel answered with an error status
        ├── TokenRefused                401 about the token itself, or 403
        ├── ScopeMissing                401 about a scope
        ├── NotFound                    404, or 400 that says "not found"
        ├── Refused                     400/409/422: the request will never pass as it is
        └── RateLimited                 429
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

MEND, GO_ON = "\nTo mend it: ", "\nTo go on: "
"""What stands before the hint of an error, and before that of a stop, which is no fault."""


def without_hint(text: str) -> tuple[str, str]:
    """The message and the hint of an error that was written out."""
    message, found, hint = text.partition(MEND)
    return (message, hint) if found else (text.partition(GO_ON)[0], text.partition(GO_ON)[2])


class Severity(StrEnum):
    """How much a problem matters: `critical` closes a gate, `warning` has a stated treatment, `info` is only told."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing a person should know: what we saw, what we needed, how to mend it, and where.

    `row` is the 1-based row of the source file or sheet as a spreadsheet shows it; 0 means "no single row".
    `count` is how many rows or cells it touches. `treatment` says what the package does about it by itself.
    """

    code: str
    message: str
    severity: Severity = Severity.WARNING
    file: str = ""
    sheet: str = ""
    row: int = 0
    field: str = ""
    count: int = 1
    treatment: str = ""

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                self.file,
                f"sheet {self.sheet}" if self.sheet else "",
                f"row {self.row}" if self.row else "",
                self.field,
            )
            if part
        )
        return f"{where + ': ' if where else ''}{self.message}" + (f" ({self.treatment})" if self.treatment else "")

    def as_dict(self) -> dict[str, object]:
        """The problem as plain JSON-able data."""
        return asdict(self)


class Pb2hlError(Exception):
    """The root of the tree. `problems` lists everything that is wrong at once; `hint` is the call or edit that mends it."""

    exit_code = 2
    leads_on = MEND

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [self.message, *(f"  - {problem}" for problem in self.problems)]
        return "\n".join(lines) + (self.leads_on + self.hint if self.hint else "")

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it: what went wrong and what to do, instead of a traceback."""
        return str(self).splitlines()


class ExportError(Pb2hlError):
    """The export cannot be read, or is of the wrong product."""


class ConfigError(Pb2hlError):
    """migration.toml or a command-line value is wrong."""


class LedgerUnreachable(ConfigError):
    """The ledger's database does not answer, or went away in the middle: what was sent last is looked up by the next command."""


class SheetError(Pb2hlError):
    """A review sheet does not hold together."""


class WorkspaceLocked(Pb2hlError):
    """Another command is writing to this workspace."""


class Unwritable(Pb2hlError):
    """The disk is full, or the workspace may not be written to or locked."""


class Damaged(Pb2hlError):
    """A file of the workspace is cut off, or not what it should be; the hint says how to get a good one."""


class KernelDied(Pb2hlError):
    """The process that ran a notebook ended in the middle, mostly because memory ran out."""


class TokenMissing(Pb2hlError):
    """HIGHLEVEL_TOKEN is not set."""


class ChecksFailed(Pb2hlError):
    """A step's checks failed; its report names the rows."""

    exit_code = 1


class GateClosed(Pb2hlError):
    """A gate is not approved, or what was approved has changed since; `gate` is the one whose approval would open the way, "" for none."""

    exit_code = 3
    gate = ""


class Cancelled(Pb2hlError):
    """The person stopped the step; running it again goes on where it was."""

    exit_code = 130
    leads_on = GO_ON


class HighLevelError(Pb2hlError):
    """HighLevel refused or is unreachable."""

    exit_code = 4


class Unreachable(HighLevelError):
    """No answer although retried; nothing that writes is left in doubt by it."""


class DailySpent(Unreachable):
    """The day's allowance is spent; nothing was sent. `resumes_at` (ISO 8601, UTC) is when it begins anew at the latest."""

    def __init__(self, message: str, *, resumes_at: str, hint: str = ""):
        super().__init__(message, hint=hint)
        self.resumes_at = resumes_at


class AnswerLost(HighLevelError):
    """A write left and no usable answer came back: the operation is in doubt and must be looked up, never resent."""


class TooManyErrors(HighLevelError):
    """The circuit breaker opened: the error rate says that something is systematically wrong."""


class ApiError(HighLevelError):
    """HighLevel answered with an error status.

    Attributes: `status` (HTTP status), `api_message` (HighLevel's own words), `trace_id`, `meta` (its `meta` object),
    `body` (the whole JSON answer, secrets never occur in it), `method` and `path` of the request.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        api_message: str = "",
        trace_id: str = "",
        meta: dict | None = None,
        body: dict | None = None,
        method: str = "",
        path: str = "",
        hint: str = "",
    ):
        super().__init__(message, hint=hint)
        self.status = status
        self.api_message = api_message
        self.trace_id = trace_id
        self.meta = meta or {}
        self.body = body or {}
        self.method = method
        self.path = path


class TokenRefused(ApiError):
    """The token is wrong, expired, or of another location."""


class ScopeMissing(ApiError):
    """The token lacks a scope that this endpoint needs."""


class NotFound(ApiError):
    """The record does not exist."""


class Refused(ApiError):
    """The request will never pass as it is (400, 409, 422)."""


class RateLimited(ApiError):
    """429: the burst or the daily allowance is spent."""
