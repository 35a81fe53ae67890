"""Definitions of tables; the accepted and refused texts were tried on Kamailio 5.6.3."""

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.htable.spec import TableSpec


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("a=>size=4", TableSpec("a")),
        ("a=>", TableSpec("a")),
        ("a=> ", TableSpec("a")),
        ("a=>;", TableSpec("a")),
        (" a =>  size=5", TableSpec("a", 5)),
        ("a=>size= 4 ; autoexpire = 5 ;", TableSpec("a", 4, 5)),
        ("a=>size=4\n;autoexpire=3", TableSpec("a", 4, 3)),
        ("a=>size=", TableSpec("a", 0)),
        ("a=>size=+4", TableSpec("a", 4)),
        ("a=>size='6'", TableSpec("a", 6)),
        ('a=>size="6"', TableSpec("a", 6)),
        ("a=>size=0000000000000000000000007", TableSpec("a", 7)),
        ("a=>initval=", TableSpec("a", initval=0)),
        ("a=>initval=-5", TableSpec("a", initval=-5)),
        ("a=>initval=-2147483648", TableSpec("a", initval=-2147483648)),
        ("a=>autoexpire=4294967295", TableSpec("a", autoexpire=4294967295)),
        ("a=>updateexpire=2;dmqreplicate=1", TableSpec("a", updateexpire=2, dmqreplicate=1)),
        ("a=>dbtable=htable;dbmode=1", TableSpec("a", dbtable="htable", dbmode=1)),
        ("a=>cols='k,v'", TableSpec("a", columns=("k", "v"))),
        ("a=>size=3;size=6;initval=1;initval=2", TableSpec("a", 3, initval=1)),
        ("a=>size=5,autoexpire=7", TableSpec("a", 5, ignored="autoexpire=7")),
        ("=>size=3", TableSpec("", 3)),
        (
            "MessageCount=>size=12;initval=0;autoexpire=60;",
            TableSpec("MessageCount", 12, 60, initval=0),
        ),
    ],
)
def test_accepted(text: str, spec: TableSpec) -> None:
    assert TableSpec.parse(text) == spec


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a", "name=>attribute=value"),
        ("a= >size=4", "name=>attribute=value"),
        ("a b=>size=4", "name=>attribute=value"),
        ("a=b=>size=4", "name=>attribute=value"),
        ("a=>size=4;;", "an attribute is missing after ;"),
        ("a=>size=4; ", "an attribute is missing after ;"),
        ("a=>size=4 ; ", "an attribute is missing after ;"),
        ("a=>size", 'attribute "size" has no value'),
        ("a=>initval=;size=4", 'attribute "initval" has no value'),
        ("a=>size=x", 'size needs a number, not "x"'),
        ("a=>size=-1", 'size needs a number, not "-1"'),
        ("a=>size=5x", 'size needs a number, not "5x"'),
        ("a=>autoexpire=0x10", 'autoexpire needs a number, not "0x10"'),
        ("a=>autoexpire=4294967296", "autoexpire must be between 0 and 4294967295"),
        ("a=>size=99999999999999999999999999999", "size must be between 0 and 4294967295"),
        ("a=>initval=x", 'initval needs a number, not "x"'),
        ("a=>initval=--5", 'initval needs a number, not "--5"'),
        ("a=>initval=2147483648", "initval must be between -2147483648 and 2147483647"),
        ("a=>Size=4", 'unknown attribute "Size" (did you mean "size"?)'),
        ("a=>autoexpires=4", 'unknown attribute "autoexpires" (did you mean "autoexpire"?)'),
        ("a=>foo=4", 'unknown attribute "foo"'),
        ("a=>coldelim=:", 'unknown attribute "coldelim"'),
        ("a=>,size=4", 'unknown attribute ""'),
        ("a => ;size=3", "an attribute is missing"),
        ("a=>size=4 autoexpire=3", "cannot read"),
        ("a=>cols='k,v", "cannot read"),
        ("a=>cols='k'", "at least two columns"),
        ("a=>cols='k,1,2,3,4,5,6,7,8'", "at most 8 columns"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    with pytest.raises(ModuleError) as caught:
        TableSpec.parse(text)
    assert problem in str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("size", "slots"),
    [(0, 8), (1, 8), (2, 4), (3, 8), (4, 16), (12, 4096), (31, 1 << 31), (32, 1 << 14)],
)
def test_size_is_a_power_of_two(size: int, slots: int) -> None:
    assert TableSpec("a", size).slots == slots
