"""Readings of the machine, from files as the kernel writes them."""

import sys
from pathlib import Path

import pytest

from sipproxy.core.machine import ProcessorLoad, WaitingBytes, process_memory

UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 1111: 0100007F:13C4 00000000:0000 07 00000000:00000200 00:00000000 00000000 0 0 1 2 0 0
 1112: C80A000A:13C4 00000000:0000 07 00000000:00000010 00:00000000 00000000 0 0 1 2 0 0
 1113: 0100007F:13C5 00000000:0000 07 00000000:00004000 00:00000000 00000000 0 0 1 2 0 0
"""
UDP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx
 30: 00000000000000000000000001000000:13C4 00000000000000000000000000000000:0000 07 00:00000001 0 0
"""


def stat(path: Path, *times: int) -> str:
    path.write_text(f"cpu  {' '.join(map(str, times))} 0 0\ncpu0 1 2 3\n")
    return str(path)


def test_load_between_two_readings(tmp_path: Path) -> None:
    file = tmp_path / "stat"
    load = ProcessorLoad(stat(file, 100, 0, 100, 800, 0, 0, 0, 0))
    assert load.read() == 0.0
    stat(file, 120, 0, 110, 860, 5, 3, 2, 0)
    assert load.read() == pytest.approx(0.4)
    stat(file, 120, 0, 110, 960, 5, 3, 2, 0)
    assert load.read() == 0.0
    stat(file, 120, 0, 110, 1060, 5, 3, 2, 0)
    assert load.read(share=4) == 0.75


def test_no_load_without_time_or_file(tmp_path: Path) -> None:
    file = tmp_path / "stat"
    load = ProcessorLoad(stat(file, 1, 2, 3, 4, 5, 6, 7, 8))
    load.read()
    assert load.read() is None
    file.write_text("cpu what\n")
    assert load.read() is None
    assert ProcessorLoad(str(tmp_path / "none")).read() is None


@pytest.mark.skipif(sys.byteorder != "little", reason="the sample is of a little-endian machine")
def test_waiting_bytes_of_our_sockets(tmp_path: Path) -> None:
    (tmp_path / "udp").write_text(UDP)
    (tmp_path / "udp6").write_text(UDP6)
    folder = str(tmp_path)
    assert WaitingBytes([("127.0.0.1", 5060)], folder).read() == 0x200
    assert WaitingBytes([("10.0.10.200", 5060)], folder).read() == 0x10
    assert WaitingBytes([("127.0.0.1", 5060), ("::1", 5060)], folder).read() == 0x201
    assert WaitingBytes([("10.0.10.200", 5061)], folder).read() == 0


def test_memory_of_this_process() -> None:
    found = process_memory()
    assert found["total"] == found["free"] + found["used"]
    assert 1 << 20 < found["used"] == found["real_used"] < found["total"]
    assert found["max_used"] > 1 << 20 and found["fragments"] == 0
