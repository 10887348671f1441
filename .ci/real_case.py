"""Runs the real case as a user would; compares it with an independent calculation's figures."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

KNOWN_KM = {"community": 265.07, "street": 154.31, "district": 4.46, "any": 281.96}
KNOWN_STREET_KM = 398.93
TOLERANCE = 0.005


def main() -> int:
    """Return 0 when every figure is within the tolerance."""
    data = Path(os.environ["CARE_CIRCLE_DATA"]) / "yuzhong"
    with tempfile.TemporaryDirectory() as scratch:
        cache = shutil.copytree(data / "osmnx-cache", Path(scratch) / "osm-cache")
        out = Path(scratch) / "out"
        subprocess.run(
            [
                Path(sys.executable).with_name("care-circle"), "run", "yuzhong",
                "--osm-cache", cache, "--facilities", data / "facilities-standin.csv",
                "--areas", data / "subdistricts.geojson", "--walker", "flat-900",
                "--rules", "osmnx-walk", "--notice", "Stand-in facilities 替代设施",
                "--out", out, "--verbose",
            ],
            check=True,
        )  # fmt: skip
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    found = {key: summary["coverage"][key]["covered_km"] for key in KNOWN_KM}
    pairs = [("street", summary["street_km"], KNOWN_STREET_KM)]
    pairs += [(key, found[key], known) for key, known in KNOWN_KM.items()]
    off = 0
    for name, ours, known in pairs:
        difference = ours / known - 1
        print(f"{name:<12}{ours:9.2f} km  known {known:8.2f} km  {difference:+.3%}")
        off += abs(difference) > TOLERANCE
    return int(off > 0)


if __name__ == "__main__":
    sys.exit(main())
