"""Of 300 faults in what values and tables mean, the tests see at least 85 in a hundred."""

import pytest

from tests.mutation.command import judge, sample


@pytest.mark.soak
def test_faults_are_seen() -> None:
    verdicts = list(judge(sample(300, seed=1)))
    lived = [str(verdict) for verdict in verdicts if not verdict.killed]
    assert len(verdicts) == 300
    assert len(lived) <= 45, "\n".join(lived)
