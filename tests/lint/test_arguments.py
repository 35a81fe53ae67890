"""SP5xx: arguments."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('if (is_method("INVTE")) { exit; }', ["SP501:1"]),
        ('if (is_method("cancle")) { exit; }', ["SP501:1"]),
        ('if (is_method("ACK|CANCEL")) { exit; }', []),
        ('if (is_method("invite")) { exit; }', []),
        ('if (is_method("XYZZY")) { exit; }', []),
        ('if (is_method("KDMQ")) { exit; }', []),
        ('append_hf("X: y");', ["SP502:1"]),
        ('append_hf("X: y\\r\\n");', []),
        ('append_hf("X: y\\n");', []),
        ('append_hf("X: y\\r\\n", "To");', []),
        ('append_hf("X: y", "To");', ["SP502:1"]),
        ('insert_hf("X: $rU end");', ["SP502:1"]),
        ('append_to_reply("X: $var(rest)");', []),
        ("append_hf($var(header));", []),
        ('append_hf("X");', []),
        ('sht_rm_name("t", "eq", "x");', ["SP503:1"]),
        ('sht_rm_name("t", "sw", "x");', []),
        ('if (sht_match_name("t", "ew", "x")) { exit; }', ["SP503:1"]),
        ('if (sht_match_name("t", "eq", "x")) { exit; }', []),
        ('sht_rm_name("t", "$var(op)", "x");', []),
    ],
)
def test_arguments(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP501", "SP502", "SP503") == expected


def test_operators_of_61(found_in: Found) -> None:
    body = 'sht_rm_name("t", "ew", "x");'
    assert found_in(body, "SP503") == ["SP503:1"]
    assert found_in(body, "SP503", compat="6.1") == []
