"""Tables looked at over time."""

from types import SimpleNamespace

from sipproxy.modules.htable.local import LocalStore
from sipproxy.replay.samples import Sampled


def table(*keys: str) -> SimpleNamespace:
    store = LocalStore()
    for number, key in enumerate(keys):
        store[key] = number + 1, 0
    return SimpleNamespace(store=store)


def test_a_key_is_followed_from_look_to_look() -> None:
    held = table("a")
    sampled = Sampled(held, 5)
    sampled.follow(0)
    held.store["a"] = 9, 0
    held.store["b"] = "why", 77
    sampled.follow(1)
    held.store.remove("a")
    sampled.follow(2)
    a, b = sampled.keys["a"], sampled.keys["b"]
    assert (a.first, a.last, a.value, a.highest, a.values) == (0, 1, 9, 9, {0: 1, 1: 9})
    assert (b.first, b.last, b.value, b.values) == (1, 2, "why", {})
    assert [key for key, _ in sampled.busiest(5)] == ["a", "b"]
    assert sampled.cell("a") is None and sampled.cell("b") == ("b", "why", 77)


def test_of_a_large_table_the_highest_numbers_are_followed_and_always_the_same() -> None:
    names = [f"key{number:05}" for number in range(4000)]
    followed = []
    for order in (names, names[::-1]):
        held = LocalStore()
        for name in order:
            number = int(name[3:])
            held[name] = (f"why {number}", 0) if number % 2 else (number // 10, 0)
        sampled = Sampled(SimpleNamespace(store=held), 1)
        sampled.follow(0)
        assert sampled.left_out == 4000 - 60
        followed.append(list(sampled.keys))
    assert followed[0] == followed[1]
    assert followed[0][:3] == ["key03998", "key03996", "key03994"]
    assert followed[0][40:43] == ["key00001", "key00003", "key00005"]
    assert len(followed[0]) == 60
