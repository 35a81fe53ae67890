"""Named pipes of ours and of clients: made, in use, stale, exchanged, not read."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipproxy.net.fifo import Fifo, ReplyPipes, Writer


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn(loop: asyncio.AbstractEventLoop, until: object = None, seconds: float = 5.0) -> None:
    """Let the loop run until the list has something, or for one turn."""

    async def wait() -> None:
        end = loop.time() + seconds
        await asyncio.sleep(0)
        while isinstance(until, list) and not until and loop.time() < end:
            await asyncio.sleep(0.005)

    loop.run_until_complete(wait())


def test_what_clients_write_is_taken(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    taken: list[bytes] = []
    path = tmp_path / "in"
    fifo = Fifo(loop, path, 0o622, (-1, -1), taken.append)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert path.stat().st_mode & 0o777 == 0o622
    for text in (b"one", b"two"):
        path.write_bytes(text)
        turn(loop, taken)
        assert taken.pop() == text
    fifo.close()
    assert not path.exists()


def test_a_stale_pipe_is_replaced_and_one_in_use_is_not(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    path = tmp_path / "in"
    os.mkfifo(path)
    fifo = Fifo(loop, path, 0o600, (-1, -1), print)
    with pytest.raises(OSError, match="another server reads from it"):
        Fifo(loop, path, 0o600, (-1, -1), print)
    fifo.close()


def test_another_file_is_left_alone(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(OSError, match="is no FIFO"):
        Fifo(loop, path, 0o600, (-1, -1), print)
    assert path.read_text() == "data"


def test_a_pipe_that_took_its_place_stays(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = tmp_path / "in"
    fifo = Fifo(loop, path, 0o600, (-1, -1), print)
    path.unlink()
    os.mkfifo(path)
    fifo.close()
    assert path.exists()


def test_nothing_is_left_when_it_cannot_be_made(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="No such file"):
        Fifo(loop, tmp_path / "none" / "in", 0o600, (-1, -1), print)
    if os.geteuid():
        with pytest.raises(OSError, match="not permitted"):
            Fifo(loop, tmp_path / "in", 0o600, (0, 0), print)
    assert list(tmp_path.iterdir()) == []


class Client:
    """A client's pipe and what comes by it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self, size: int = 1 << 20) -> bytes:
        return os.read(self.reader, size)

    def close(self) -> None:
        os.close(self.reader)


def pipes(loop: asyncio.AbstractEventLoop, folder: Path, told: list[str]) -> ReplyPipes:
    return ReplyPipes(loop, f"{folder}/", told.append)


def test_an_answer_is_written_and_the_pipe_closed(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    told: list[str] = []
    client = Client(tmp_path / "reply")
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, told).open("reply", opened.append)
    assert opened[0] is not None
    opened[0].write(b"answer")
    assert client.read() == b"answer"
    assert client.read() == b""
    client.close()
    assert told == []


def test_an_answer_larger_than_a_pipe_goes_out_as_it_is_read(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    data = os.urandom(300_000)
    client = Client(tmp_path / "reply")
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, []).open("reply", opened.append)
    assert opened[0] is not None
    opened[0].write(data)
    got = b""
    while len(got) < len(data):
        got += client.read()
        turn(loop)
    assert got == data
    assert client.read() == b""
    client.close()


def test_a_client_may_come_a_little_later(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    path = tmp_path / "reply"
    os.mkfifo(path)
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, []).open("reply", opened.append)
    assert opened == []
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    turn(loop, opened)
    assert opened[0] is not None
    opened[0].write(b"late")
    assert os.read(reader, 10) == b"late"
    os.close(reader)


def test_nobody_waits_for_a_client_for_ever(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "reply")
    told: list[str] = []
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, told).open("reply", opened.append)
    turn(loop, opened)
    assert opened == [None]
    assert told == [f"no answer to the FIFO '{tmp_path}/reply': nobody reads from it"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../reply", "must not have"),
        ("a/b", "must not have"),
        ("a.b", "must not have"),
        ("a\\b", "must not have"),
        ("", "no name"),
        ("x" * 200, "too long"),
        ("none", "No such file"),
        ("file", "is no FIFO"),
        ("link", "Too many levels of symbolic links"),
        ("twice", "several names"),
    ],
)
def test_names_that_get_no_answer(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, name: str, reason: str
) -> None:
    clients = [Client(tmp_path / "reply"), Client(tmp_path / "twice")]
    (tmp_path / "file").write_text("data")
    (tmp_path / "link").symlink_to("reply")
    (tmp_path / "other").hardlink_to(tmp_path / "twice")
    told: list[str] = []
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, told).open(name, opened.append)
    assert opened == [None]
    assert reason in told[0]
    assert (tmp_path / "file").read_text() == "data"
    for client in clients:
        client.close()


def test_a_client_that_goes_away_costs_one_line(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    told: list[str] = []
    client = Client(tmp_path / "reply")
    opened: list[Writer | None] = []
    pipes(loop, tmp_path, told).open("reply", opened.append)
    assert opened[0] is not None
    opened[0].write(b"x" * 200_000)
    client.close()
    turn(loop, told)
    assert told == [f"the answer to the FIFO '{tmp_path}/reply' is cut off: Broken pipe"]


def test_answers_on_their_way_are_bounded(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    told: list[str] = []
    opened: list[Writer | None] = []
    client = Client(tmp_path / "reply")
    replies = pipes(loop, tmp_path, told)
    for _ in range(70):
        replies.open("reply", opened.append)
    assert opened.count(None) == 6
    assert "64 answers are on their way already" in told[0]
    replies.close()
    client.close()
