"""What errors carry and how they read."""

from sipproxy.errors import CfgError, MessageError, Problem, RpcError, Span

HERE = Span("a.cfg", 3, 5, 3, 9)


def test_a_span_reaches_to_another_of_its_file() -> None:
    later = Span("a.cfg", 4, 1, 4, 2)
    assert HERE.to(later) == Span("a.cfg", 3, 5, 4, 2)
    assert later.to(HERE) == later
    assert HERE.to(Span("b.cfg", 9, 1, 9, 2)) == HERE
    assert str(HERE) == "a.cfg:3:5"


def test_the_origin_stays() -> None:
    expanded = Span("a.cfg", 3, 5, 3, 9, origin=Span("a.cfg", 1, 12, 1, 20))
    assert expanded.to(Span("a.cfg", 3, 9, 3, 12)).origin == expanded.origin


def test_problems_as_text() -> None:
    plain, hinted = Problem(HERE, "bad"), Problem(HERE, "worse", "do this")
    assert (str(plain), plain.severity) == ("a.cfg:3:5: bad", "error")
    assert str(hinted) == "a.cfg:3:5: worse (do this)"
    error = CfgError([plain, hinted])
    assert error.problems == (plain, hinted)
    assert str(error) == "a.cfg:3:5: bad\na.cfg:3:5: worse (do this)"


def test_errors_from_peers() -> None:
    assert (MessageError("no Via").status, str(MessageError("no Via"))) == (400, "no Via")
    assert MessageError("too large", 513).status == 513
    fault = RpcError(404, "No such table")
    assert (fault.code, fault.reason, str(fault)) == (404, "No such table", "404 - No such table")
