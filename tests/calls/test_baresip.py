"""A real phone: baresip registers with the stock kamailio.cfg, calls and is called."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODULES = Path("/usr/lib/baresip/modules")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not shutil.which("baresip") or not MODULES.exists(), reason="baresip is not installed"
    ),
]

CONFIG = """\
sip_listen 127.0.0.61:{own}
net_interface 127.0.0.61
audio_source aubridge,quiet
audio_player aubridge,quiet
module_path {modules}
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
"""
ACCOUNT = (
    "<sip:{user}@127.0.0.1:{port};transport=udp>;auth_pass=x;regint=60;answermode={mode};"
    'outbound="sip:127.0.0.1:{port};transport=udp;lr"\n'
)


def phone(folder: Path, user: str, own: int, port: int, mode: str) -> list[str]:
    """The words that start a phone with its own files."""
    folder.mkdir()
    (folder / "config").write_text(CONFIG.format(own=own, modules=MODULES))
    (folder / "accounts").write_text(ACCOUNT.format(user=user, port=port, mode=mode))
    (folder / "contacts").touch()
    return ["baresip", "-f", str(folder), "-v"]


def test_two_phones(
    stage: Any, tmp_path: Path, until: Callable[..., None], free: Callable[[], int]
) -> None:
    bob = phone(tmp_path / "bob", "bob", free(), stage.port, "auto")
    ann = phone(tmp_path / "ann", "ann", free(), stage.port, "manual")
    heard, said = tmp_path / "bob" / "screen", tmp_path / "ann" / "screen"
    with open(heard, "wb") as screen, open(said, "wb") as other:
        callee = subprocess.Popen([*bob, "-t", "20"], stdout=screen, stderr=screen)
        try:
            until(lambda: "200 OK" in heard.read_text(errors="replace"))
            dial = ["-t", "4", "-e", f"/dial sip:bob@127.0.0.1:{stage.port}"]
            subprocess.run([*ann, *dial], stdout=other, stderr=other, timeout=20, check=True)
            until(lambda: "terminated" in heard.read_text(errors="replace"))
        finally:
            callee.terminate()
            callee.wait(10)
    for screen_file, peer in ((said, "bob"), (heard, "ann")):
        text = screen_file.read_text(errors="replace")
        assert f"Call established: sip:{peer}@127.0.0.1" in text, text
        assert f"Call with sip:{peer}@127.0.0.1" in text
    answered = [line for line in stage.log().splitlines() if "ACC: transaction answered" in line]
    assert any("method=INVITE" in line and "src_user=ann" in line for line in answered)
    assert any("method=BYE" in line and "src_user=ann" in line for line in answered)
