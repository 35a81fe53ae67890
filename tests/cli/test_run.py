"""`sipproxy run`: what it says when it cannot, and show-code."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

Sipproxy = Callable[..., Any]


def test_a_cfg_error_starts_nothing(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text("request_route { nosuch(); }\n")
    said = sipproxy("run", str(cfg))
    assert said.code == 1
    assert said.err.startswith(f"{cfg}:1:17: ")


def test_an_unreadable_cfg(sipproxy: Sipproxy, tmp_path: Path) -> None:
    said = sipproxy("run", str(tmp_path / "none.cfg"))
    assert said.code == 2
    assert said.err.count("\n") == 1


def test_a_port_in_use_and_an_unknown_interface(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        cfg.write_text(f"listen=udp:127.0.0.1:{port}\nrequest_route {{ exit; }}\n")
        said = sipproxy("run", str(cfg))
    assert (said.code, said.err) == (
        1,
        f"sipproxy: cannot listen on udp:127.0.0.1:{port}: Address already in use\n",
    )
    cfg.write_text("listen=udp:nosuch0:5060\nrequest_route { exit; }\n")
    said = sipproxy("run", str(cfg))
    assert said.code == 1
    assert said.err.startswith("sipproxy: cannot listen on nosuch0: no such interface")


def test_show_code(sipproxy: Sipproxy, tmp_path: Path) -> None:
    cfg = tmp_path / "a.cfg"
    cfg.write_text("request_route { if (1 == 2) exit; }\n")
    said = sipproxy("show-code", str(cfg))
    assert said.code == 0
    assert f"# {cfg}\n" in said.out
    assert "def request_route(" in said.out
    compile(said.out, "generated", "exec")
    cfg.write_text("request_route { exit }\n")
    assert sipproxy("show-code", str(cfg)).code == 1
