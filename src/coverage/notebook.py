"""Steps in a notebook: which have been done, in how many seconds, and which is being done."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from .cards import datum


def steps_in_notebook() -> Callable[[str], AbstractContextManager[None]]:
    """Return what `coverage.run` takes as progress: a line that grows under the notebook's cell.

    Outside of a notebook it shows nothing. IPython is asked only where a kernel has loaded it.
    """
    if not _in_kernel():
        return lambda _: nullcontext()
    display = importlib.import_module("IPython.display").display
    return _Steps(display).step


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    # A terminal's IPython has no kernel, and its prompt is no place for a display.
    return getattr(shell, "kernel", None) is not None


class _Steps:
    """One display, shown with the first step and updated with every other."""

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None
        self._done: list[tuple[str, float]] = []
        self._state = ""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        self._show(f"⏳ {name} …")
        try:
            yield
        # All there is, to be raised again: an interrupted step is marked as well.
        except BaseException:
            self._show(f"✗ {name}")
            raise
        self._done.append((name, time.perf_counter() - begin))
        self._show(f"✓ {sum(seconds for _, seconds in self._done):.1f} s")

    def _show(self, state: str) -> None:
        self._state = state
        if self._handle is None:
            self._handle = self._display(self, display_id=True)
        else:
            self._handle.update(self)

    def __repr__(self) -> str:
        done = [f"{name} {seconds:.1f} s" for name, seconds in self._done]
        return " · ".join([*done, self._state])

    def _repr_html_(self) -> str:
        done = [f"{datum(name)} {seconds:.1f} s" for name, seconds in self._done]
        style = "font-size:.88em;opacity:.75;line-height:1.6"
        return f'<div style="{style}">{" · ".join([*done, datum(self._state)])}</div>'
