"""The faults themselves, and the sampling; the long run is in test_soak.py."""

import pytest

from tests.mutation.command import TARGETS, sample
from tests.mutation.mutants import mutants


@pytest.mark.parametrize(
    ("source", "faulty"),
    [
        ("a = b < c", {"a = b <= c", "a = b >= c"}),
        ("a = b == c != d", {"a = b != c != d", "a = b == c == d"}),
        ("a = b + c", {"a = b - c"}),
        ("a += b", {"a -= b"}),
        ("a = b and c", {"a = b or c"}),
        ("a = not b", {"a = not not b"}),
        ("a = -b", {"a = +b"}),
        ("a = True", {"a = False"}),
        ("a = 5", {"a = 6"}),
        ("a = 'x'", {"a = 'xx'"}),
        ("a = b if c else d", {"a = b if not c else d"}),
        ("f(a)", {"None"}),
        ("def f(a: 'int'=b) -> 'int':\n    'Text.'\n    return a", {"return None"}),
        ("def f():\n    return None", set()),
        ("def f():\n    return False", {"return True"}),
        ("assert a == 5", set()),
        ("from a import b", set()),
    ],
)
def test_faults(source: str, faulty: set[str]) -> None:
    found = mutants(source)
    assert len(found) == len(faulty)
    texts = {mutant.applied(source) for mutant in found}
    assert {text.splitlines()[-1].strip() for text in texts} == faulty


def test_a_sample_repeats_itself() -> None:
    once, again, other = sample(40, 1), sample(40, 1), sample(40, 2)
    assert once == again != other
    assert len(once) == len(set(once)) == 40
    assert {path for path, _ in sample(300, 1)} == set(TARGETS)
    assert {path for path, _ in sample(5, 1, "spec")} == {"sipproxy/modules/htable/spec.py"}
