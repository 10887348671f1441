"""What a run was made with."""

import platform
from importlib.metadata import version

from .. import __version__

_VERSIONS_OF = (
    "geopandas", "matplotlib", "networkx", "numpy", "osmium", "osmnx", "pandas", "scipy", "shapely",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of the libraries that decide figures."""
    return {
        "care-circle": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in _VERSIONS_OF},
    }
