"""care-circle: who can walk to elder care within 15 minutes, who cannot, and why.

`import coverage` is cheap: the names below are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

from . import _numba_compat
from ._numba_compat import Coverage

if TYPE_CHECKING:
    from .catalogue import init_study, load_study
    from .comparison import compare_walkers
    from .outputs.store import save
    from .pipeline import check, run
    from .repetitions import sensitivity
    from .result import Result
    from .study import Study

__version__ = "0.1.0"

__all__ = [
    "Coverage",
    "Result",
    "Study",
    "__version__",
    "check",
    "compare_walkers",
    "init_study",
    "load_study",
    "run",
    "save",
    "sensitivity",
]

_LAZY = {
    "Result": "result",
    "Study": "study",
    "init_study": "catalogue",
    "load_study": "catalogue",
    "check": "pipeline",
    "run": "pipeline",
    "save": "outputs.store",
    "compare_walkers": "comparison",
    "sensitivity": "repetitions",
}

_numba_compat.install(__name__)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
