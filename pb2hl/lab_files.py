"""How JupyterLab reads and writes notebooks here: saved without widgets, opened with them where their kernel still runs."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from pb2hl.saved import revived, stilled


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
        if model["type"] == "notebook" and isinstance(model.get("content"), dict) and await self._runs(path):
            revived(model["content"])
        return model

    async def _runs(self, path: str) -> bool:
        sessions = getattr(self.parent, "session_manager", None)
        return sessions is not None and any(one["path"] == path.strip("/") for one in await sessions.list_sessions())
