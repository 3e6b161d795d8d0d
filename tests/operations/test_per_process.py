"""What a process has one of is made anew in a fork."""

import os

from portal.operations.per_process import PerProcess


def test_a_fork_has_its_own_and_the_parent_keeps_its_own() -> None:
    made: list[int] = []

    def make() -> list[int]:
        made.append(os.getpid())
        return [os.getpid()]

    one = PerProcess(make)
    mine = one.own
    child = os.fork()
    if child == 0:
        os._exit(0 if one.own == [os.getpid()] and one.own is not mine else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert one.own is mine
    assert made == [os.getpid()]
