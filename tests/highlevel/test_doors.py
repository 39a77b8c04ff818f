"""The token goes to HighLevel, to this machine, and where its owner said so; nowhere else."""

from __future__ import annotations

import os
import stat

import pytest

from pb2hl.errors import ConfigError
from pb2hl.highlevel import Client, doors
from pb2hl.workspace import BASE_URL


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """A person without any confirmed host."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))


@pytest.mark.parametrize(
    "url", [BASE_URL, f"{BASE_URL}/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80"]
)
def test_highlevel_and_this_machine_may_have_it(url):
    """Without any confirmation."""
    assert Client("pit-secret", "loc", url).location == "loc"


@pytest.mark.parametrize("url", [
    "https://evil.example", "https://services.leadconnectorhq.com.evil.example", "https://services.leadconnectorhq.com@evil.example",
    "https://services.leadconnectorhq.com:8443", "https://10.0.0.7", "https://127.0.0.1.evil.example", "https://localhost.evil.example",
    "http://services.leadconnectorhq.com", "http://evil.example", "ftp://services.leadconnectorhq.com", "services.leadconnectorhq.com",
    "https://", "", "https://0x7f.1.evil.example", "http://192.168.0.9:8080",
    "http://localhost#@evil.example", "http://localhost?x=.evil.example", "https://services.leadconnectorhq.com?.evil.example",
])  # fmt: skip
def test_a_workspace_from_a_stranger_cannot_send_it_anywhere(url):
    """The client is not even made; the message names no token."""
    with pytest.raises(ConfigError) as caught:
        Client("pit-secret", "loc", url)
    assert "pit-secret" not in str(caught.value) and caught.value.hint


def test_a_confirmed_host_may_have_it_and_only_that():
    """The confirmation is on record for the person, private, once, and for that host and port."""
    doors.trust("https://proxy.example:8443/x")
    doors.trust("https://proxy.example:8443")
    Client("pit-secret", "loc", "https://proxy.example:8443")
    for other in ("https://proxy.example", "http://proxy.example:8443", "https://proxy.example.evil.example:8443"):
        with pytest.raises(ConfigError):
            Client("pit-secret", "loc", other)
    path = doors.folder() / doors.FILE_NAME
    assert path.read_text().splitlines() == ["proxy.example:8443"]
    if os.name == "posix":
        assert stat.S_IMODE(doors.folder().stat().st_mode) == 0o700


def test_plain_http_beyond_this_machine_cannot_be_confirmed():
    """Everybody on the way could read it."""
    with pytest.raises(ConfigError, match="encryption"):
        doors.trust("http://proxy.example")
