"""Lets `import numba` survive beside this package.

This package shares its import name with coverage.py. numba 0.62 and newer import `coverage` when
they find one, subclass `coverage.types.Tracer`, read the annotation types beside it and call
`coverage.Coverage.current()`. The stand-ins here answer "no measurement is running", which is true.
"""

import sys
from types import ModuleType
from typing import Any


class Coverage:
    """Stand-in for coverage.py's class of this name; never measures anything."""

    @classmethod
    def current(cls) -> None:
        """Return None: no coverage measurement is running."""
        return


class Tracer:
    """Stand-in for the base class that numba derives its tracer from."""


def install(package: str) -> None:
    """Register `<package>.types`, a module that exists in memory only.

    Parameters
    ----------
    package
        Import name of this package.
    """
    types = ModuleType(f"{package}.types", "Annotation types that numba names; all of them Any.")
    annotations = (
        "TTraceData", "TShouldTraceFn", "TFileDisposition", "TShouldStartContextFn", "TWarnFn",
        "TTraceFn", "TLineNo", "TArc",
    )  # fmt: skip
    vars(types).update({"Tracer": Tracer, **dict.fromkeys(annotations, Any)})
    sys.modules[types.__name__] = types
    vars(sys.modules[package])["types"] = types
