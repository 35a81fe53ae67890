"""`Name[index].param`."""

import pytest

from sipproxy.modules.textopsx.spec import Assigned, LastPlace, Listed, Place, Spec


@pytest.mark.parametrize(
    ("text", "id", "index", "every", "param"),
    [
        ("X-Y", "x-y", 1, False, ""),
        (" k [ -2 ] . p ".rstrip(), "supported", -2, False, "p"),
        ("Y-a[*].p-q", "y-a", 1, True, "p-q"),
        ("Y-a[]", "y-a", 1, False, ""),
        ("Y-a[+3]", "y-a", 3, False, ""),
    ],
)
def test_read(text: str, id: str, index: int, every: bool, param: str) -> None:
    spec = Spec.parse(text)
    assert (spec.id, spec.index, spec.every, spec.param) == (id, index, every, param)


def test_defaults() -> None:
    assert LastPlace.parse("X").index == -1
    assert Place.parse("X").index == 1
    assert Listed.parse("X").name == "X"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Spec, ""),
        (Spec, "X["),
        (Spec, "X[a]"),
        (Spec, "X[1]."),
        (Spec, "X.p "),
        (Spec, "X: 1"),
        (Spec, "X[-11]"),
        (Place, "X[*]"),
        (LastPlace, "X.p"),
        (Assigned, "X[*]"),
        (Listed, "X[1]"),
        (Listed, "X.p"),
    ],
)
def test_refused(kind: type[Spec], text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot parse|cannot be|possible|needs"):
        kind.parse(text)
