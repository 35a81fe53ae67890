"""The table of addresses against one that looks at every row."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.addresses import packed
from sipproxy.modules.permissions.table import AddressTable, Row, read_lines

ROWS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.1.0", "10.1.0.0", "2001:db8::1", "host"]),
        st.sampled_from([0, 1, 8, 16, 24, 30, 31, 32]),
        st.sampled_from([0, 5060]),
        st.sampled_from([None, "tag"]),
    ),
    max_size=8,
)


def slow_find(rows: list[Row], address: str, port: int, group: int | None) -> Row | None:
    """The row that counts: the newest exact one, else of networks the lowest group's first."""
    asked = ipaddress.ip_address(address)
    networks = []
    for row in reversed(rows):
        if row[1] == "host" or row[3] not in (0, port) or group not in (None, row[0]):
            continue
        bits = 128 if ":" in row[1] else 32
        length = row[2] or bits
        if length == bits and ipaddress.ip_address(row[1]) == asked:
            return row
        network = ipaddress.ip_network((row[1], length), strict=False)
        if length < bits and asked in network:
            networks.append(row)
    networks.reverse()
    return min(networks, key=lambda row: row[0], default=None)


@given(ROWS, st.sampled_from(["10.0.0.1", "10.0.0.3", "10.9.0.0", "2001:db8::1", "2002::"]))
def test_like_a_walk_over_all_rows(rows: list[Row], address: str) -> None:
    table = AddressTable(512)
    for row in rows:
        table.add(*row)
    table.settle()
    for port in (5060, 7):
        for group in (None, 1, 2, 3):
            found = table.find(packed(address), port, group)
            wanted = slow_find(rows, address, port, group)
            assert (found and (found.group, found.port, found.tag)) == (
                wanted and (wanted[0], wanted[3], wanted[4])
            )


def test_names() -> None:
    table = AddressTable(0)
    table.add(1, "a.example", 77, 0, "old")
    table.add(2, "a.example", 0, 5060, "new")
    for port, group, tag in ((5060, None, "new"), (5061, None, "old"), (5060, 1, "old")):
        found = table.find_name("a.example", port, group)
        assert found is not None
        assert found.tag == tag
    assert table.find_name("A.example", 5060, None) is None


@pytest.mark.parametrize(("address", "mask"), [("10.0.0.1", 33), ("::1", 129), ("10.0.0.1", -1)])
def test_a_mask_that_cannot_be(address: str, mask: int) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        AddressTable(1).add(1, address, mask, 0, None)


def test_so_many_networks_and_no_more() -> None:
    table = AddressTable(2)
    for number in range(3):
        table.add(1, f"10.{number}.0.0", 16, 0, None)
    table.settle()
    assert table.full
    assert table.find(packed("10.1.0.1"), 1, None) is not None
    assert table.find(packed("10.2.0.1"), 1, None) is None


def test_lines_of_a_file() -> None:
    text = (
        "# comment\n\n1 10.0.0.1\n 2\t10.0.0.0 8 5060 tag more # x\n3 h#x\nx y z\r\n4 a 1 2#t\r\n"
    )
    assert list(read_lines(text)) == [
        (1, "10.0.0.1", 0, 0, None),
        (2, "10.0.0.0", 8, 5060, "tag"),
        (3, "h", 0, 0, None),
        (0, "x", 0, 0, "y"),
        (4, "a", 1, 2, None),
    ]
    with pytest.raises(ValueError, match="line 2 has no address"):
        list(read_lines("1 a\n2 # b\n"))
