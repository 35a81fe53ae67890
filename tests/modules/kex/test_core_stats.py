"""The core's statistics made of tallies; the whole is recorded in the case statistics-core."""

from sipproxy.core.statistics import Statistics, Traffic
from sipproxy.modules.kex.core_stats import CoreStats


def values(statistics: Statistics) -> dict[str, int]:
    return {one.name: one.value for one in statistics.of("core") if one.value}


def test_tallies_are_taken_once() -> None:
    statistics, traffic = Statistics(), Traffic()
    CoreStats(statistics, traffic)
    traffic.requests.update({"INVITE": 3, "KDMQ": 2, "": 1})
    traffic.events["fwd_requests"] = 4
    expected = {
        "rcv_requests": 6,
        "rcv_requests_invite": 3,
        "unsupported_methods": 1,
        "fwd_requests": 4,
    }
    assert values(statistics) == values(statistics) == expected
    traffic.requests["INVITE"] += 1
    assert values(statistics)["rcv_requests_invite"] == 4


def test_replies_by_class_status_and_method() -> None:
    statistics, traffic = Statistics(), Traffic()
    CoreStats(statistics, traffic)
    traffic.replies.update(
        {(180, "INVITE"): 1, (199, ""): 1, (401, "REGISTER"): 2, (699, "BYE"): 1, (999, "BYE"): 1}
    )
    assert values(statistics) == {
        "rcv_replies": 6,
        "rcv_replies_1xx": 2,
        "rcv_replies_18x": 1,
        "rcv_replies_1xx_invite": 1,
        "rcv_replies_4xx": 2,
        "rcv_replies_401": 2,
        "rcv_replies_4xx_reg": 2,
        "rcv_replies_6xx": 1,
        "rcv_replies_6xx_bye": 1,
    }
