"""Verdicts: each has a status that a reply can be made of."""

from sipproxy.modules.registrar import errors
from sipproxy.modules.registrar.errors import REASONS, Refused, Verdict


def test_every_verdict_has_a_reason_phrase() -> None:
    verdicts = [value for value in vars(errors).values() if isinstance(value, Verdict)]
    assert len(verdicts) > 15
    assert {verdict.status for verdict in verdicts} == set(REASONS) - {503} | {503}
    assert len({verdict.text for verdict in verdicts}) == len(verdicts)


def test_a_refusal_tells_why() -> None:
    assert str(Refused(errors.TOO_MANY, "too many for <a>")) == "too many for <a>"
    assert str(Refused(errors.LOW_EXP)) == "Interval too brief"
