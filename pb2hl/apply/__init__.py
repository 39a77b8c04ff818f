"""The executor: carries out operations exactly once, whatever dies when, and takes them back."""

from __future__ import annotations

from pb2hl.apply.execute import Apply, Execution, execute
from pb2hl.apply.undo import Rollback, UndoPlan, plan_undo, undo

__all__ = ["Apply", "Execution", "Rollback", "UndoPlan", "execute", "plan_undo", "undo"]
