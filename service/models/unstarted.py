"""Threads for the gateway's loop that close a coroutine which was made for a call that has been cancelled meanwhile.

LiteLLM prepares a request in a thread of the loop's default executor and gets back the coroutine that would send it.
When the call is cancelled before the thread is done, nobody is left to await or to close that coroutine.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary


class RememberingThreads(ThreadPoolExecutor):
    """A loop's default executor that remembers what each task asked of it last."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, thread_name_prefix="model-gateway")
        self._last: WeakKeyDictionary[asyncio.Task[Any], Future[Any]] = WeakKeyDictionary()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `work` in a thread, and call to mind which task wanted it."""
        future = super().submit(work, *args, **kwargs)
        task = _current_task()
        if task is not None:
            self._last[task] = future
        return future

    def close_unstarted(self) -> None:
        """Close the coroutine that the current task got, or will get, and can no longer await."""
        task = _current_task()
        future = None if task is None else self._last.pop(task, None)
        if future is not None:
            future.add_done_callback(_close)


def close_unstarted() -> None:
    """Where the running loop has remembering threads, close what the current task left unstarted."""
    threads = getattr(asyncio.get_running_loop(), "_default_executor", None)
    if isinstance(threads, RememberingThreads):
        threads.close_unstarted()


def _close(future: Future[Any]) -> None:
    if future.cancelled() or future.exception() is not None:
        return
    made = future.result()
    if inspect.iscoroutine(made) and inspect.getcoroutinestate(made) == inspect.CORO_CREATED:
        made.close()


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
