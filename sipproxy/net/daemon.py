"""How the process lives: in the background or not, its pid file, its user."""

import os
import pwd
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sipproxy.net.addresses import StartError
from sipproxy.net.rpc_socket import group_number, user_number
from sipproxy.net.server import Server, settle_collector

THREAD_SECONDS = 0.0002
"""How long a thread may keep the interpreter from others."""


@dataclass(frozen=True, slots=True)
class Life:
    """What the command line says about the process; `keep_stderr` leaves -E its terminal."""

    background: bool = False
    keep_stderr: bool = True
    pid_file: str = ""
    user: str = ""
    group: str = ""
    work_dir: str = ""


def serve(make: Callable[[], Server], life: Life) -> None:
    """Make the server and run it to its end; raises what `make` raises, or StartError.

    In the background this returns in the first process when the server is ready, or raises
    StartError with what went wrong there.
    """
    if not life.background:
        _run(make, life, lambda: None)
        return
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        _await_ready(reader)
    else:
        os.close(reader)
        _in_background(make, life, writer)


def _await_ready(reader: int) -> None:
    with os.fdopen(reader, "rb") as stream:
        said = stream.read().decode("utf-8", "replace")
    if said != _READY:
        raise StartError(said or "the server ended while it started")


_READY = "ready"


def _in_background(make: Callable[[], Server], life: Life, writer: int) -> NoReturn:
    """Be the server: in a session of its own, without a terminal."""
    os.setsid()
    if os.fork():
        os._exit(0)  # the first child only led the session: it cleans nothing up

    def ready() -> None:
        _detach(life.keep_stderr)
        os.write(writer, _READY.encode())
        os.close(writer)

    code = 0
    try:
        _run(make, life, ready)
    except Exception as error:
        code = 1
        try:
            os.write(writer, str(error).encode("utf-8", "replace"))
        except OSError:  # it had said that it was ready
            code = 4
    finally:
        os._exit(code)


def _run(make: Callable[[], Server], life: Life, ready: Callable[[], None]) -> None:
    """Run the server here; its pid file goes when it goes."""
    check_pid_file(life.pid_file)
    # Until the server heeds it: who asks for a reload now is to get the cfg that is being read.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    server = make()
    try:
        if life.work_dir:
            os.chdir(life.work_dir)
        write_pid_file(life.pid_file, life.user, life.group)
        drop_privileges(life.user, life.group)
    except (OSError, KeyError) as error:
        server.abandon()
        raise StartError(f"cannot start: {_reason(error)}") from None
    settle_collector()
    # A thread that reads a whole table is to give way at once: each of the loop's calls to the
    # system would else wait 5 ms for it.
    sys.setswitchinterval(THREAD_SECONDS)
    try:
        server.run(ready)
    finally:
        remove_pid_file(life.pid_file)


def _reason(error: OSError | KeyError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error.args[-1])


def check_pid_file(path: str) -> None:
    """Raises StartError when the file names a process that lives, or holds no number."""
    if not path:
        return
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read().strip()
    except FileNotFoundError:
        return
    except OSError as error:
        raise StartError(f"cannot read the pid file {path}: {error.strerror}") from None
    if not text.isdigit():
        raise StartError(f"the pid file {path} exists and holds no process number")
    try:
        os.kill(int(text), 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    raise StartError(f"the pid file {path} names process {text}, which is running")


def write_pid_file(path: str, user: str = "", group: str = "") -> None:
    """Write our number; raises OSError, KeyError."""
    if path:
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        if user or group:
            os.chown(path, user_number(user), group_number(group))


def remove_pid_file(path: str) -> None:
    """Remove the file, as far as we may."""
    if path:
        try:
            os.unlink(path)
        except OSError:  # as another user we may not: the next start sees a dead number
            return


def drop_privileges(user: str, group: str) -> None:
    """Become `user` and `group`, each a name or a number; raises OSError, KeyError."""
    uid, gid = user_number(user), group_number(group)
    if uid >= 0 and gid < 0 and not user.isdigit():
        gid = pwd.getpwuid(uid).pw_gid
    if gid >= 0:
        os.setgid(gid)
    if uid >= 0:
        if os.getuid() == 0:
            os.initgroups(pwd.getpwuid(uid).pw_name, gid if gid >= 0 else os.getgid())
        os.setuid(uid)


def _detach(keep_stderr: bool) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1) if keep_stderr else (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
