"""Arguments of avpops that are refused when a cfg is loaded, as in Kamailio."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.modules.avpops.arguments import constant_of
from sipproxy.testing import load_cfg_text

CFG = 'loadmodule "pv.so"\nloadmodule "avpops.so"\nrequest_route {{ {} }}\n'


@pytest.mark.parametrize(
    "call",
    [
        'avp_delete("$var(x)")',
        'avp_delete("x")',
        'avp_delete("s5x")',
        'avp_delete("$avp(x)/d")',
        'avp_copy("$var(x)","$avp(y)")',
        'avp_copy("$avp(x)","y")',
        'avp_copy("$avp(x)","$avp(y)/x")',
        'avp_check("x","eq/1")',
        'avp_check("$rU","eq")',
        'avp_check("$rU","equal/1")',
        'avp_check("$rU","eq/")',
        'avp_check("$rU","zz/1")',
        'avp_check("$rU","eq/$null")',
        'avp_check("$rU","eq/x/d")',
        'avp_check("$rU","re/(")',
        'avp_check("$rU","fm/i:5")',
        'avp_check("$rU","eq/i:x")',
        'avp_check("$rU","eq/$xavp(x)")',
        'avp_check("$rU","eq/$nothing(x)")',
        'avp_op("$avp(x)","add/x")',
        'avp_op("$avp(x)","eq/i:1")',
        'avp_op("$avp(x)/g","add/i:1")',
        'avp_op("$var(x)","add/i:1")',
        'avp_subst("$var(x)","/a/b/")',
        'avp_subst("$avp(x)","a")',
        'avp_subst("$avp(x)/z","/a/b/")',
        'avp_subst("$avp(x)/$var(y)","/a/b/")',
        'avp_pushto("$rU","$avp(x)")',
        'avp_pushto("$du/domain","$avp(x)")',
        'avp_pushto("$ru/port","$avp(x)")',
        'avp_pushto("$ru","x")',
        'avp_pushto("$ru","$avp(x)/d")',
        'is_avp_set("$var(x)")',
        'is_avp_set("$avp(x)/ns")',
        'is_avp_set("$avp(x)/z")',
    ],
)
def test_refused(call: str) -> None:
    with pytest.raises(CfgError):
        load_cfg_text(CFG.format(f"{call};"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("i:5", 5),
        ("I:0x10", 16),
        ("i:-7", -7),
        ("i:0xffffffff", -1),
        ("s:i:5", "i:5"),
        ("x", "x"),
        ("5", "5"),
    ],
)
def test_constants(text: str, value: object) -> None:
    assert constant_of(text) == value


@pytest.mark.parametrize("text", ["", "i:", "s:", "x:5", "i:5x", "i:0x", "i:2147483648"])
def test_bad_constants(text: str) -> None:
    with pytest.raises(ValueError, match=r"value|number|32 bits"):
        constant_of(text)
