"""The file of pattern groups (Kamailio regex, load_pcres).

A line that begins with `[` opens the next group, whatever its number; each other line is a pattern,
and a group matches when one of its patterns does. Lines that begin with a blank or `#` count for
nothing.
"""

from typing import BinaryIO

_LONGEST_LINE = 495
"""Bytes of a line; what is longer goes on as the next one."""


class GroupsError(ValueError):
    """The file is not as it has to be."""


def read(file: BinaryIO, max_groups: int, max_size: int) -> list[bytes]:
    """One pattern for each group; raises GroupsError."""
    groups: list[bytes] = []
    while line := file.readline(_LONGEST_LINE):
        if line[:1].isspace() or line.startswith(b"#"):
            continue
        if line.startswith(b"["):
            if len(groups) == max_groups:
                raise GroupsError(f"more than {max_groups} groups (max_groups)")
            groups.append(b"(")
        elif not groups:
            raise GroupsError("the first group must be opened by [0] before any pattern")
        elif len(groups[-1]) + len(line) >= max_size - 4:
            raise GroupsError(f"a group of more than {max_size} bytes (group_max_size)")
        else:
            ended = line.endswith(b"\n")
            groups[-1] += b"(%s)%s" % (line[:-1], b"\n") if ended else b"(%s)" % line
    if not groups:
        raise GroupsError("there are no patterns in the file")
    return [_whole(group) for group in groups]


def _whole(group: bytes) -> bytes:
    """The lines of a group as alternatives; an empty group matches the empty text."""
    if group == b"(":
        return b"^$"
    return group.removesuffix(b"\n").replace(b"\n", b"|") + b")"
