"""What static checks refuse is compiled all the same by `check`, which looks for more mistakes."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.program import program_of
from sipproxy.script.tree import Config
from sipproxy.testing import ProxyUnderTest, load_cfg_text

HEAD = 'loadmodule "pv.so"\nloadmodule "sl.so"\n'


@pytest.mark.parametrize(
    ("body", "first", "then"),
    [
        ("setflag(FOO);", "the flag FOO is not declared",
         "parameter 1 of setflag: the flag FOO is not declared"),
        ("switch ($rU) { case $var(x): exit; }", "the label of a case is a constant",
         "the label of a case is a constant"),
        ("switch ($rU) { case /$var(x): exit; }", "the label of a case is a constant",
         "the label of a case is a constant"),
        ('if (proto == foo) { exit; } nosuch();', '"foo" is no value behind "=="',
         'unknown function "nosuch"'),
        ("sl_send_reply(200, FOO); nosuch();", '"FOO" is no value behind ","',
         'unknown function "nosuch"'),
        ("$var(x) = FOO; if (FOO) exit; nosuch();", '"FOO" is no value behind "="',
         'unknown function "nosuch"'),
    ],
)  # fmt: skip
def test_both_passes_tell_what_is_wrong(body: str, first: str, then: str) -> None:
    with pytest.raises(CfgError) as caught:
        load_cfg_text(f"{HEAD}request_route {{ {body} }}")
    assert caught.value.problems[0].message == first
    readable = caught.value.readable
    assert isinstance(readable, Config)
    with pytest.raises(CfgError) as second:
        ProxyUnderTest(program_of(readable))
    assert then in [problem.message for problem in second.value.problems]
