"""Further branches and the static one."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError


def test_a_branch_is_removed_with_its_uri(bench: Any) -> None:
    bench.put("$br", "sip:a@b")
    bench.put("$br", "sip:c@d")
    bench.put("$branch(uri)", None)
    assert bench.show("$bR $branch(count)") == "sip:c@d 1"


def test_qualities(bench: Any) -> None:
    for q, shown in ((1000, "1"), (500, "0.5"), (250, "0.25"), (0, "0")):
        bench.cleared()
        bench.put("$br", "sip:a@b")
        bench.put("$branch(q)", q)
        assert bench.show("$bR") == f"<sip:a@b>;q={shown}"


def test_the_request_uri_is_a_destination_once_it_changed(bench: Any) -> None:
    assert bench.value("$ds") is None
    bench.put("$ru", "sip:x@y")
    bench.put("$br", "sip:a@b")
    assert bench.show("$ds") == "Contact: <sip:x@y>, <sip:a@b>"


@pytest.mark.parametrize(
    ("name", "value"), [("$br", None), ("$branch(path)", "x"), ("$(branch(uri)[3])", "x")]
)
def test_refused_assignments(bench: Any, name: str, value: str | None) -> None:
    with pytest.raises(EvalError):
        bench.put(name, value)


def test_numbers_stay_numbers(bench: Any) -> None:
    bench.put("$br", "sip:a@b")
    for part in ("q", "flags"):
        with pytest.raises(EvalError):
            bench.put(f"$branch({part})", "x")


def test_unknown_parts_are_refused(bench: Any) -> None:
    for text in ("$branch(x)", "$sbranch(x)", "$branch"):
        with pytest.raises(ResolveError):
            bench.value(text)


def test_the_location_record_of_a_branch(bench: Any) -> None:
    assert bench.value("$ruid") is None
    assert bench.value("$location_ua") is None
    bench.ctx.ruid, bench.ctx.location_ua = "uloc-1", "phone"
    assert (bench.value("$ruid"), bench.value("$location_ua")) == ("uloc-1", "phone")
    bench.put("$br", "sip:a@b")
    bench.ctx.branches[0].ruid = "uloc-2"
    bench.put("$branch(ruid)", "other")
    assert bench.value("$branch(ruid)") == "uloc-2"
    assert bench.value("$branch(location_ua)") is None
