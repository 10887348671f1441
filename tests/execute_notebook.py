"""Executes one notebook in a process of its own: `python execute_notebook.py IN OUT [CODE]`.

The kernel works in the current folder and runs CODE, if any, before the notebook. It can reach no
host but its own, and a warning is what a planner would see: text on stderr.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NO_WAY_OUT = """
import socket as _socket

def _guarded(self, address, _connect=_socket.socket.connect):
    if self.family in (_socket.AF_INET, _socket.AF_INET6) and address[0] != "127.0.0.1":
        raise ConnectionRefusedError(f"notebooks must not connect to {address[0]}")
    return _connect(self, address)

_socket.socket.connect = _guarded
"""


def main(source: Path, target: Path, code: str = "") -> None:
    notebook = nbformat.read(source, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(NO_WAY_OUT + code))
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    try:
        client.execute()
    finally:
        del notebook.cells[0]
        nbformat.write(notebook, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
