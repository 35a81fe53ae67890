"""Writing pcapng."""

from pathlib import Path

import pytest

from sipproxy.replay.pcapng import PcapngWriter
from sipproxy.replay.records import CaptureError, RecordFile


def test_frames_come_back_with_time_link_and_length(tmp_path: Path) -> None:
    path = str(tmp_path / "a.pcapng")
    rows = [
        (1_795_000_000.123456, 1, b"\x01" * 61, 200),
        (0.0, 101, b"", 0),
        (1_795_000_000.5, 1, b"\x02" * 64, 64),
    ]
    with PcapngWriter(path) as writer:
        for number, row in enumerate(rows):
            writer.add(*row, comment="" if number == 1 else "why\udcff")
    read = [(r.time, r.link, r.data[r.start : r.end], r.size) for r in RecordFile(path)]
    assert read == rows


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot write"):
        PcapngWriter(str(tmp_path / "none" / "a.pcapng"))
