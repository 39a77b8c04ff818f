"""How JupyterLab reads and writes notebooks here: saved without widgets, opened with them where their kernel still runs."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from pb2hl.saved import process_of, revived, stilled


class StillFiles(AsyncLargeFileManager):
    """JupyterLab's own files, but for the widgets of notebooks."""

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        """Save `model`; of a notebook what needs no kernel."""
        if model.get("type") == "notebook" and isinstance(model.get("content"), dict):
            stilled(model["content"])
        return await super().save(model, path)

    async def get(self, path: str, content: bool = True, *args: Any, **kwargs: Any) -> Any:
        """The model of `path`; a notebook whose kernel runs has its widgets."""
        model = await super().get(path, content, *args, **kwargs)
        if model["type"] == "notebook" and isinstance(model.get("content"), dict):
            for process in await self._running(path):
                revived(model["content"], process)
        return model

    async def _running(self, path: str) -> list[str]:
        """The processes that run the notebook at `path`."""
        sessions, kernels = (getattr(self.parent, name, None) for name in ("session_manager", "kernel_manager"))
        if sessions is None or kernels is None:
            return []
        ids = [
            one["kernel"]["id"]
            for one in await sessions.list_sessions()
            if one["path"] == path.strip("/") and one["kernel"]
        ]
        found = [kernels.get_kernel(id_) for id_ in ids if id_ in kernels]
        return [process_of(kernel.connection_file, getattr(kernel.provisioner, "pid", 0)) for kernel in found]
