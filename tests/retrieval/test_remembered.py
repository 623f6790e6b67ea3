"""What was read of an index is given again while the index is as it was, and only then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from service.retrieval.remembered import Remembered


def test_only_what_is_not_known_is_fetched_and_never_from_another_version() -> None:
    asked: list[list[str]] = []

    def fetch(ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        return {id_: f"{id_} at {len(asked)}" for id_ in ids if id_ != "nowhere"}

    known: Remembered[str] = Remembered(10)
    assert known.of("v1", ["a", "b"], fetch) == {"a": "a at 1", "b": "b at 1"}
    assert known.of("v1", ["b", "c", "nowhere"], fetch) == {"b": "b at 1", "c": "c at 2"}
    assert known.of("v2", ["b"], fetch) == {"b": "b at 3"}
    assert known.of("v1", ["b"], fetch) == {"b": "b at 1"}, "a slow reader of the old version still gets the old one"
    assert asked == [["a", "b"], ["c", "nowhere"], ["b"]]


def test_what_was_not_asked_for_longest_goes_first() -> None:
    fetched: list[str] = []

    def fetch(ids: list[str]) -> dict[str, str]:
        fetched.extend(ids)
        return dict.fromkeys(ids, "x")

    known: Remembered[str] = Remembered(3)
    for ids in (["a"], ["b"], ["c"], ["a"], ["d"], ["a"], ["b"]):
        known.of("v", ids, fetch)
    assert fetched == ["a", "b", "c", "d", "b"]


def test_many_threads_get_what_they_asked_for() -> None:
    known: Remembered[int] = Remembered(50)

    def work(start: int) -> bool:
        ids = [str(n) for n in range(start, start + 20)]
        return known.of("v", ids, lambda missing: {id_: int(id_) for id_ in missing}) == {id_: int(id_) for id_ in ids}

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, [n % 90 for n in range(400)]))
