"""aiosip 0.2.0 as an independent phone.

It was written for Python 3.4: two names that are gone since are put back before it is imported.
"""

import asyncio
import collections
import collections.abc
import importlib.util
import types
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

Serving = Callable[..., AbstractContextManager[int]]
Old = tuple[Path, dict[str, str]]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not importlib.util.find_spec("aiosip"), reason="aiosip is not installed"),
]


@pytest.fixture
def aiosip(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package, on a Python that it does not know."""
    monkeypatch.setattr(asyncio, "coroutine", types.coroutine, raising=False)
    names = {"MutableMapping": collections.abc.MutableMapping}
    for name, value in names.items():
        monkeypatch.setattr(collections, name, value, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("aiosip")


async def register(aiosip: Any, port: int, own: int, password: str) -> Any:
    """One registration of bob at the server; what came in the end, or an error."""
    app = aiosip.Application(loop=asyncio.get_running_loop())
    dialog = await app.start_dialog(
        from_uri=f"sip:bob@127.0.0.1:{own}",
        to_uri=f"sip:bob@127.0.0.1:{port}",
        local_addr=("127.0.0.1", own),
        remote_addr=("127.0.0.1", port),
        password=password,
    )
    try:
        return await asyncio.wait_for(dialog.register(expires=600), 10)
    finally:
        for transport in app._transports.values():
            transport.close()


@pytest.fixture
def old_registrar(registrar: Old, tmp_path: Path) -> Old:
    """The example as this phone can read it.

    It takes a challenge apart at each "=", which ends the nonces that carry checks, and answers as
    RFC 2069 has it, without qop.
    """
    cfg, defines = registrar
    text = cfg.read_text(encoding="utf-8")
    for old, new in {
        'auth_challenge(REALM, "17")': 'auth_challenge(REALM, "16")',
        'auth_challenge(REALM, "1")': 'auth_challenge(REALM, "0")',
        '_register", 8)': '_register", 0)',
        '_no_dlg", 8)': '_no_dlg", 0)',
        '_in_dlg", 8)': '_in_dlg", 0)',
    }.items():
        assert old in text
        text = text.replace(old, new)
    written = tmp_path / "old.cfg"
    written.write_text(text, encoding="utf-8")
    return written, defines


@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_a_registration(
    aiosip: Any, serving: Serving, old_registrar: Old, free_port: Callable[[], int], server: str
) -> None:
    with serving(server, *old_registrar) as port:
        reply = asyncio.run(register(aiosip, port, own := free_port(), "right-horse"))
    assert (reply.status_code, reply.status_message) == (200, "OK")
    assert reply.headers["Expires"] == "600"
    assert f"sip:bob@127.0.0.1:{own}" in reply.headers["Contact"]


@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_a_wrong_password(
    aiosip: Any, serving: Serving, old_registrar: Old, free_port: Callable[[], int], server: str
) -> None:
    with (
        serving(server, *old_registrar) as port,
        pytest.raises(aiosip.exceptions.RegisterFailed, match="Too many unauthorized attempts"),
    ):
        asyncio.run(register(aiosip, port, free_port(), "wrong-horse"))
