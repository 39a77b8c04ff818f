"""Runs a sandbox as a real HTTP server: in a thread for tests and the demo, or in the foreground for people."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from pb2hl.sandbox.admin import admin_routes
from pb2hl.sandbox.api import Api
from pb2hl.sandbox.connections import Connections
from pb2hl.sandbox.persistence import load_state, save_state, to_state, write_state
from pb2hl.sandbox.rehearsal import Sandbox
from pb2hl.sandbox.scenario import Scenario

HOST = "127.0.0.1"
SAVE_EVERY_S = 3.0


class SandboxServer(uvicorn.Server):
    """A uvicorn server around one sandbox; `sandbox` may be replaced while it runs (a fresh one a test)."""

    def __init__(self, sandbox: Sandbox, host: str = HOST, port: int = 0, state_path: Path | None = None):
        self.connections = Connections()
        self._sandbox = sandbox
        self.api = Api(sandbox, self.connections)
        self.state_path = state_path
        self.ready = threading.Event()
        self._restart: asyncio.Task | None = None
        app = Starlette(
            routes=[Mount("/_sandbox", routes=admin_routes(self)), Mount("/", app=self.api)], lifespan=self._lifespan
        )
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=self.connections.protocol(),
            ws="none",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)
        self.connections.on_down = self._go_down
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port))
        self.address = self.socket.getsockname()[:2]

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that is served."""
        return self._sandbox

    @sandbox.setter
    def sandbox(self, sandbox: Sandbox) -> None:
        self._sandbox = self.api.sandbox = sandbox

    @property
    def url(self) -> str:
        """The base URL."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        self.ready.set()

    def _go_down(self, seconds: float) -> None:
        self._restart = asyncio.get_running_loop().create_task(self._away(seconds))

    async def _away(self, seconds: float) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(seconds)
        protocol: Any = self.config.http_protocol_class
        factory = functools.partial(
            protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        host, port = self.address
        self.servers = [await asyncio.get_running_loop().create_server(factory, host, port, reuse_address=True)]

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        if self.state_path is None:
            yield
            return
        keeper = asyncio.create_task(self._keep_saved(self.state_path))
        try:
            yield
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            save_state(self.sandbox, self.state_path)

    async def _keep_saved(self, path: Path) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if self.sandbox.dirty:
                self.sandbox.dirty = False
                await asyncio.to_thread(write_state, to_state(self.sandbox), path)


@contextmanager
def serving(sandbox: Sandbox, host: str = HOST, port: int = 0) -> Iterator[SandboxServer]:
    """Serve `sandbox` from a thread on a free loopback port while the block runs; gives the server."""
    server = SandboxServer(sandbox, host, port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [server.socket]}, name="sandbox", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(15):
            raise RuntimeError("the sandbox did not start within 15 s")
        yield server
    finally:
        server.should_exit = True
        thread.join(10)
        server.socket.close()


@contextmanager
def running(sandbox: Sandbox, host: str = HOST, port: int = 0) -> Iterator[str]:
    """Serve `sandbox` from a thread while the block runs; gives its base URL."""
    with serving(sandbox, host, port) as server:
        yield server.url


def serve(
    host: str = HOST, port: int = 0, scenario_path: Path | str | None = None, state_path: Path | str | None = None
) -> None:
    """Serve until interrupted; the first line printed is `sandbox ready at <base URL>`, then how to turn to it.

    State is loaded from `state_path` when it exists, saved there every few seconds and at the end.
    Raises ConfigError when the scenario or the state cannot be read.
    """
    sandbox = Sandbox(Scenario.load(scenario_path) if scenario_path else None)
    state = Path(state_path) if state_path else None
    if state is not None and state.exists():
        load_state(sandbox, state)
    server = SandboxServer(sandbox, host, port, state)
    announcer = threading.Thread(target=_announce, args=(server,), daemon=True)
    announcer.start()
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[server.socket])


def _announce(server: SandboxServer) -> None:
    if server.ready.wait(30):
        scenario = server.sandbox.scenario
        print(f"sandbox ready at {server.url}")
        print(f"its token, a rehearsal's and no secret: export HIGHLEVEL_TOKEN={scenario.token}")
        print(f"its location: pb2hl init … --location {scenario.location.id} --base-url {server.url}", flush=True)
