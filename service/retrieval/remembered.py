"""What was read of an index lately, kept for as long as the index stays as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """Values by version of an index and id, at most `most`; the longest unused goes first. Safe to use from many threads.

    What stood under another version is never given out. It is for what cannot change without a new version of the
    index; whether a thread may be shown is not of that kind.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[tuple[str, str], V] = {}
        self._lock = threading.Lock()

    def of(self, version: str, ids: Sequence[str], fetch: Callable[[list[str]], Mapping[str, V]]) -> dict[str, V]:
        """The values of those ids that have one; `fetch` is asked for what is not known."""
        found: dict[str, V] = {}
        missing: list[str] = []
        with self._lock:
            known = self._known
            for id_ in ids:
                key = (version, id_)
                value = known.pop(key, None)
                if value is None:
                    missing.append(id_)
                else:
                    known[key] = found[id_] = value
        if missing:
            fetched = fetch(missing)
            found.update(fetched)
            with self._lock:
                for id_, value in fetched.items():
                    known[version, id_] = value
                while len(known) > self._most:
                    del known[next(iter(known))]
        return found
