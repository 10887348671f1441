"""Work beside other work, in a second thread: NumPy and GEOS leave Python's lock alone."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class NoLongerWantedError(Exception):
    """Ends work whose result nobody waits for any more."""


class Beside:
    """A thread for work that other work need not wait for; both end with the block.

    When the block is left early, by an error or an interrupt, the work is ended at its next look.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._left = threading.Event()

    def __enter__(self) -> "Beside":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._left.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Start some work; its result, or what it raised, is had by ``result()``."""
        return self._pool.submit(work)

    def look(self) -> None:
        """Called by the work now and then.

        Raises
        ------
        NoLongerWantedError
            When the block was left.
        """
        if self._left.is_set():
            raise NoLongerWantedError
