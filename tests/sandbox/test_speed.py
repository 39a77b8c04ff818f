"""The sandbox must never be the bottleneck of a benchmark."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from pb2hl.sandbox import Scenario

WRITES_PER_CPU_SECOND = 600
"""What one core must at least manage (the client is asked for 250)."""


async def _write(url: str, worker: int, count: int) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        "POST /contacts/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nVersion: v3\r\nContent-Length: {}\r\n\r\n"
    )
    for number in range(count):
        contact = {"locationId": Scenario().location.id, "email": f"u{worker}_{number}@b.co", "tags": ["a", "b"]}
        body = json.dumps({**contact, "firstName": "Jane", "phone": f"+1613{worker:02d}{number:05d}"}).encode()
        writer.write(head.format(Scenario().token, len(body)).encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b" 201 " in answer.split(b"\r\n", 1)[0]
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
    writer.close()


def _cpu_s(scenario: Path, writes: int) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pb2hl.sandbox", "--scenario", str(scenario)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().split()[-1]

        async def all_writes() -> None:
            await asyncio.gather(*(_write(url, worker, writes // 10) for worker in range(10)))

        try:
            asyncio.run(all_writes())
        finally:
            process.terminate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.slow
def test_writes_per_cpu_second(tmp_path: Path) -> None:
    """Contacts created per second of the server's own processor time, starting up not counted."""
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps({"rate": {"max": 1_000_000, "daily": 100_000_000}}))
    spent = _cpu_s(scenario, 3000) - _cpu_s(scenario, 0)
    assert 3000 / spent > WRITES_PER_CPU_SECOND
