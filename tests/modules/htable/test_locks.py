"""Who holds which slot."""

from sipproxy.core.context import Context
from sipproxy.modules.htable.locks import Locks


def context() -> Context:
    # Locks only ask which context it is.
    return Context(None, None, 0.0, None, "event")  # type: ignore[arg-type]


def locks_alone() -> Locks:
    return Locks(lambda seconds, action: None)


def test_recursive() -> None:
    locks, one, other = locks_alone(), context(), context()
    assert locks.lock(one, ("a", 1)) and locks.lock(one, ("a", 1))
    locks.unlock(one, ("a", 1))
    assert not locks.lock(other, ("a", 1))
    locks.unlock(one, ("a", 1))
    assert locks.lock(other, ("a", 1))


def test_slots_are_apart() -> None:
    locks, one, other = locks_alone(), context(), context()
    assert locks.lock(one, ("a", 1))
    assert locks.lock(other, ("a", 2)) and locks.lock(other, ("b", 1))
    assert locks.holds(one) and locks.holds(other)


def test_only_the_holder_unlocks() -> None:
    locks, one, other = locks_alone(), context(), context()
    locks.unlock(one, ("a", 1))
    assert locks.lock(one, ("a", 1))
    locks.unlock(other, ("a", 1))
    assert not locks.lock(other, ("a", 1))


def test_release() -> None:
    locks, one, other = locks_alone(), context(), context()
    locks.lock(one, ("a", 1))
    locks.lock(one, ("a", 1))
    locks.lock(one, ("b", 2))
    locks.lock(other, ("c", 3))
    assert locks.release(one) == [("a", 1), ("b", 2)]
    assert locks.release(one) == [] and not locks.holds(one)
    assert locks.lock(other, ("a", 1))
    assert locks.holds(other)
