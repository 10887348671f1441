"""Who works on the tiles: this process, processes of this machine, or a Dask cluster."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar

from .cache import own_source
from .errors import CareCircleError, UsageError

T = TypeVar("T")

ANSWERS_WITHIN_S = 10
"""A scheduler that says nothing for so long is not there, seconds."""


class Runs(Protocol):
    """Runs a function for many arguments, in whatever order, and returns the results in theirs."""

    def __call__(self, work: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
        """Return what `work` gives for each call."""


def one_after_the_other(work: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
    """Run every call in this process."""
    return [work(*call) for call in calls]


@contextmanager
def on_cluster(
    folder: Path, *, scheduler: str | None = None, workers: int = 1, memory: str = "auto"
) -> Iterator[Runs]:
    """Give a `Runs` on a Dask cluster; what a dead worker had is done again by another.

    Dask gives a tile up after several workers in a row have died over it.

    Parameters
    ----------
    folder
        Where tiles keep what they know; every worker must see it under this path.
    scheduler
        The address of a running scheduler, such as ``tcp://host:8786``. None: a cluster of
        processes on this machine, for the time being.
    workers
        How many processes such a one has.
    memory
        The most that each of them may take, as ``1.5GB``; ``auto``: its share of the machine's.

    Raises
    ------
    UsageError
        When ``distributed`` is not installed, no scheduler answers or it has no workers, a worker
        has another version of this program, or does not see the folder.
    """
    if find_spec("distributed") is None:
        raise UsageError(
            "--workers and --scheduler need the package distributed, which is not installed.",
            'Install it: pip install "care-circle[distributed]"',
        )
    import distributed

    # Untyped, it is taken as it is.
    dask: Any = distributed

    if scheduler is None:
        cluster = dask.LocalCluster(
            n_workers=workers, threads_per_worker=1, memory_limit=memory, dashboard_address=None,
            local_directory=str(folder),
        )  # fmt: skip
        with cluster, dask.Client(cluster) as client:
            yield _Cluster(client)
        return
    try:
        client = dask.Client(scheduler, timeout=ANSWERS_WITHIN_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"No Dask scheduler answers at {scheduler} ({error}).",
            "Start one with `dask scheduler`, and workers with `dask worker ADDRESS`.",
        ) from error
    with client:
        require_fit(client, scheduler, folder)
        yield _Cluster(client)


class _Cluster:
    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, work: Callable[..., T], calls: Sequence[tuple[Any, ...]]) -> list[T]:
        from distributed import KilledWorker

        tasks = [self._client.submit(work, *call, pure=False) for call in calls]
        try:
            found: list[T] = self._client.gather(tasks)
        except KilledWorker as error:
            raise CareCircleError(
                f"Several workers have died over one tile ({error.task}).",
                "It may need more memory than they have: take more tiles (--tiles), or give each "
                "worker more (--worker-memory).",
            ) from error
        return found


def require_fit(client: Any, scheduler: str, folder: Path) -> None:
    """Refuse a cluster whose workers cannot do the work, before any of it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    sign = folder / "seen-by-workers"
    sign.write_text(own_source(), encoding="utf-8")
    try:
        versions = client.run(own_source)
        seen = client.run(sign.is_file)
    finally:
        sign.unlink(missing_ok=True)
    if not versions:
        raise UsageError(
            f"The scheduler at {scheduler} has no workers.", f"Start some: dask worker {scheduler}"
        )
    if others := sorted(where for where, own in versions.items() if own != own_source()):
        raise UsageError(
            f"Workers have another version of care-circle than this one: {', '.join(others)}.",
            "Install the same version everywhere, and start them again.",
        )
    if blind := sorted(where for where, there in seen.items() if not there):
        raise UsageError(
            f"Workers do not see the folder {folder}: {', '.join(blind)}.",
            "Put the study and --out where all machines see them under the same path.",
        )
