"""The process that runs notebooks: always this environment's own Python, one for a whole run, and told when it dies.

Kernel specifications that the user or JUPYTER_PATH holds have no say: a `python3` of another environment would run the
notebooks with other packages, or none. One process runs all notebooks of a command, so that Great Expectations and the
readers are imported once; between two notebooks its names are cleared.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pb2hl.errors import KernelDied
from pb2hl.lean import lean_imports
from pb2hl.notebook import PARENT_VARIABLE

with lean_imports():
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import ensure_async, run_sync
    from nbclient.exceptions import DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

NAME = "python3"
"""What the notebooks call their kernel."""

ENGINE = "pb2hl"
"""The name that papermill knows our engine by."""

START_TIMEOUT_S = 120
_KILLED = 9
"""SIGKILL, by its number: Windows has no such signal."""

_QUIET = "--IPKernelApp.log_level=50"
"""Hardly anything: ipykernel warns of its unencrypted socket, which is the loopback's, and is loud when Ctrl-C ends it. What a cell
raises comes through papermill."""

_CLEAR = """
get_ipython().reset(new_session=True, aggressive=False)
get_ipython().execution_count = 1
"""
"""Forget the names of the notebook before; what was imported stays in memory."""


class OwnKernels(KernelSpecManager):
    """Knows one kernel: this environment's."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification of this environment's own Python, whatever `kernel_name` says."""
        return own_spec()

    def find_kernel_specs(self) -> dict[str, str]:
        """The one name, and where its icons are."""
        return {NAME: own_spec().resource_dir}

    def get_all_specs(self) -> dict[str, Any]:
        """The one specification, as the Jupyter server lists them."""
        return {NAME: {"resource_dir": self.find_kernel_specs()[NAME], "spec": own_spec().to_dict()}}


def own_spec() -> KernelSpec:
    """This Python, in this environment, with the icons that Jupyter shows for it."""
    import ipykernel.kernelspec

    return KernelSpec(
        resource_dir=ipykernel.kernelspec.RESOURCES,
        argv=[sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3 (pb2hl)",
        language="python",
        metadata={"debugger": True},
    )


class Kernel:
    """One kernel for the notebooks of a command: started for the first, cleared before each further one, ended by `close`."""

    def __init__(self) -> None:
        self._manager: AsyncKernelManager | None = None

    def run(self, notebook: NotebookExecutionManager, **options: Any) -> None:
        """Run `notebook` with `options` of papermill's client. A failure or a stop ends this kernel; the next notebook gets another.

        Raises KernelDied when the process ended in the middle.
        """
        if self._manager is None:
            self._manager = AsyncKernelManager(kernel_name=NAME, kernel_spec_manager=OwnKernels())
        client = PapermillNotebookClient(
            notebook, km=self._manager, extra_arguments=[_QUIET], store_widget_state=False, **options
        )
        warm = False
        try:
            with _parent_named():
                client.execute()
            warm = not any(cell.metadata.get("papermill", {}).get("exception") for cell in notebook.nb.cells)
            if warm:
                client.wait_for_reply(client.kc.execute(_CLEAR, silent=True, store_history=False))
        except (DeadKernelError, RuntimeError) as error:
            if not isinstance(error, DeadKernelError) and "died" not in str(error):
                raise
            raise self._death() from error
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if not warm:
                self.close()

    def _death(self) -> KernelDied:
        """What is known of how the process ended."""
        process = getattr(getattr(self._manager, "provisioner", None), "process", None)
        code = process.poll() if process is not None else None
        if code == -_KILLED:
            how = "was killed, most likely because memory ran out"
        else:
            how = "ended in the middle" + ("" if code is None else f" (exit status {code})")
        return KernelDied(
            f"the process that ran the notebook {how}",
            hint="close other programs or take a machine with more memory, then run the same command again: what was done is recorded",
        )

    def close(self) -> None:
        """End the process, if there is one, letting a running step end cleanly first."""
        manager, self._manager = self._manager, None
        if manager is not None and manager.has_kernel:
            run_sync(_end)(manager)


async def _end(manager: AsyncKernelManager) -> None:
    try:
        await manager.shutdown_kernel(now=not await manager.is_alive())
    finally:
        await ensure_async(manager.cleanup_resources())


@contextmanager
def _parent_named() -> Iterator[None]:
    """Kernels that are started inside the block know which command they belong to, and die with it."""
    before = os.environ.get(PARENT_VARIABLE)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    try:
        yield
    finally:
        if before is None:
            del os.environ[PARENT_VARIABLE]
        else:
            os.environ[PARENT_VARIABLE] = before


class WarmEngine(Engine):
    """papermill's engine that runs a notebook in the `kernel` it is given."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> None:
        """Run `nb_man` in options["kernel"]; the name of a kernel does not matter here."""
        kernel: Kernel = options["kernel"]
        kernel.run(nb_man, startup_timeout=START_TIMEOUT_S, kernel_name=NAME)


papermill_engines.register(ENGINE, WarmEngine)
