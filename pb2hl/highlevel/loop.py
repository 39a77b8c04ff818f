"""Running the async client from ordinary code, also inside a notebook whose event loop already runs."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    import uvloop as event_loops
except ImportError:  # there is none for Windows
    event_loops = asyncio  # type: ignore[misc]

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end and return its result, from any synchronous code.

    Inside a running event loop (a notebook) it runs in a thread with a loop of its own. Ctrl-C cancels the coroutine, lets it
    clean up, and is raised as KeyboardInterrupt.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with asyncio.Runner(loop_factory=event_loops.new_event_loop) as runner:
            return runner.run(coroutine)
    return _run_in_thread(coroutine)


def _run_in_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    outcome: dict[str, Any] = {}
    loop = event_loops.new_event_loop()
    task: list[asyncio.Task[T]] = []

    async def main() -> T:
        task.append(asyncio.current_task())  # type: ignore[arg-type]
        return await coroutine

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                outcome["result"] = runner.run(main())
        except BaseException as error:  # carried over to the calling thread, whatever it is
            outcome["error"] = error

    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(work), name="pb2hl-highlevel", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        if task:
            loop.call_soon_threadsafe(task[0].cancel)
        thread.join()
        raise
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]
