"""How often associations look for something to do.

pynetdicom's two threads of an association look a thousand times a second each, whether there is
anything or not: eight associations that wait take a third of a core. It has no setting for that, so
that private attributes are set here, and nowhere else; they are those of pynetdicom 3.
"""

from __future__ import annotations

import threading
import time

from pynetdicom.association import Association

LOOK_S = 0.01
"""Time between two looks of a thread."""


class _Pace(threading.Event):
    """What pynetdicom passes before each look; it is cleared while messages are exchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.set()

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(LOOK_S)
        return super().wait(timeout)


def slow_down(association: Association) -> None:
    """Let an association look no more often than it has to."""
    association._reactor_checkpoint = _Pace()
    association.dul._run_loop_delay = LOOK_S
