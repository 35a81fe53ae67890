"""A file that holds the cells of tables, whole or not at all.

It is text, a JSON value on each line: a heading, then for each table its name and pieces of its
cells, `[[key, value, last second], ...]`, at the end a checksum of everything before.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from sipproxy.errors import SipproxyError
from sipproxy.modules.htable.store import Cell

_HEADING = {"format": "sipproxy htable snapshot", "version": 1}
_PIECE = 500
"""Cells on one line: little enough that other threads are not held up by one."""

_MOST_ASIDE = 9
"""Damaged files that are kept; a further one takes the place of the last."""

_VALUES = (int, str)

Cells = Iterable[tuple[str, Cell]]


class Damaged(SipproxyError):
    """The file is not what was written; the text says what is wrong with it."""


class Snapshot:
    """The file at `path`. Beside it lies `path.new` while it is written."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._lock = Lock()
        self._closed = False

    def save(self, tables: Iterable[tuple[str, Cells]], *, last: bool = False) -> None:
        """Write the file anew in one step; raises OSError. After the `last` one nothing more."""
        with self._lock:
            if self._closed:
                return
            self._closed = last
            fresh = f"{self.path}.new"
            flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
            with open(os.open(fresh, flags, 0o640), "wb") as file:
                digest = hashlib.sha256()
                for line in _lines(tables):
                    digest.update(line)
                    file.write(line)
                file.write(_line({"sha256": digest.hexdigest()}))
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.path)
            _sync(Path(self.path).parent)

    def load(self) -> Iterator[tuple[str, list[tuple[str, Cell]]]]:
        """(table, cells) piece by piece; raises OSError, and Damaged perhaps only at the end.

        Nothing that it gave may be used before it has come to its end.
        """
        digest = hashlib.sha256()
        table: str | None = None
        with open(self.path, "rb") as file:
            heading = file.readline()
            if _value(heading) != _HEADING:
                raise Damaged("it does not begin as a snapshot does")
            digest.update(heading)
            for line in file:
                match _value(line):
                    case {"table": str(name)}:
                        table = name
                    case list(piece) if table is not None:
                        yield table, _cells(piece)
                    case {"sha256": str(told)} if not file.read(1):
                        if told != digest.hexdigest():
                            raise Damaged("its checksum is not that of its content")
                        return
                    case _:
                        raise Damaged("it has a line that is not understood")
                digest.update(line)
        raise Damaged("its end is missing")

    def check_folder(self) -> None:
        """Raises OSError where no file could be written beside it, before there is one to write."""
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder):
            raise FileNotFoundError(2, f"there is no folder {folder}")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, f"the folder {folder} cannot be written")

    def set_aside(self) -> str:
        """Give the file a name that no other has, which is answered; raises OSError."""
        aside, number = f"{self.path}.damaged", 1
        while os.path.lexists(aside) and number < _MOST_ASIDE:
            number += 1
            aside = f"{self.path}.damaged{number}"
        os.replace(self.path, aside)
        return aside


def _lines(tables: Iterable[tuple[str, Cells]]) -> Iterator[bytes]:
    yield _line(_HEADING)
    for name, cells in tables:
        yield _line({"table": name})
        items = iter(cells)
        while piece := [(key, value, last) for key, (value, last) in islice(items, _PIECE)]:
            yield _line(piece)


def _line(value: object) -> bytes:
    # ASCII: a byte that is no UTF-8 is a lone surrogate in our texts, and stays one as an escape.
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _value(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise Damaged("it has a line that cannot be read") from None


def _cells(piece: list[Any]) -> list[tuple[str, Cell]]:
    try:
        cells = [
            (key, (value, last))
            for key, value, last in piece
            if key.__class__ is str and value.__class__ in _VALUES and last.__class__ is int
        ]
    except (TypeError, ValueError):
        cells = []
    if len(cells) != len(piece):
        raise Damaged("it has a cell that cannot be read")
    return cells


def _sync(folder: Path) -> None:
    """Have the folder know the file's new name after a power failure, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
