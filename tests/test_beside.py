"""Work beside other work ends with the block, whatever happens in it."""

import threading
import time

import pytest

from coverage.beside import Beside, NoLongerWantedError


def test_what_is_worked_out_beside_comes_back():
    with Beside() as beside:
        found = beside.start(lambda: threading.current_thread().name)
        assert found.result() != threading.current_thread().name


def test_an_error_beside_is_raised_where_its_result_is_asked_for():
    def fails():
        raise ValueError("no")

    with Beside() as beside:
        failing = beside.start(fails)
        with pytest.raises(ValueError, match="no"):
            failing.result()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_work_that_nobody_waits_for_ends_with_the_block(error):
    looks, beside, working = [], [], None

    def endless():
        while True:
            looks.append(time.monotonic())
            beside[0].look()
            time.sleep(0.001)

    def left_early():
        nonlocal working
        with Beside() as own:
            beside.append(own)
            working = own.start(endless)
            while not looks:
                time.sleep(0.001)
            raise error

    with pytest.raises(error):
        left_early()
    assert isinstance(working.exception(), NoLongerWantedError)
    assert not any(thread.name.startswith("beside") for thread in threading.enumerate())
