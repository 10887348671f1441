"""Answers on their way from one process to another: arrays, and shapes as bytes."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

Answer = dict[str, np.ndarray]


def keep(path: Path, answer: Mapping[str, np.ndarray]) -> None:
    """Write an answer; arrays of objects hold bytes, which end in zeros as often as not."""
    plain: Answer = {}
    for name, values in answer.items():
        if values.dtype == object:
            plain[f"{name} ends"] = np.cumsum([len(one) for one in values])
            plain[f"{name} bytes"] = np.frombuffer(b"".join(values), dtype=np.uint8)
        else:
            plain[name] = values
    np.savez(path, **plain)


def kept(path: Path) -> Answer:
    """Return an answer that was written."""
    with np.load(path, allow_pickle=False) as arrays:
        answer = dict(arrays)
    for name in [key.removesuffix(" ends") for key in answer if key.endswith(" ends")]:
        parts = np.split(answer.pop(f"{name} bytes"), answer.pop(f"{name} ends")[:-1])
        answer[name] = np.array([part.tobytes() for part in parts], dtype=object)
    return answer
