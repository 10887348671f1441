"""The embedded sample: a synthetic mountain river town, made by a seeded generator.

It is written in the formats that a planner brings and read back by the same readers.
"""

from .write import write_sample

__all__ = ["write_sample"]
