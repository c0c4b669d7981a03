"""Processes that work: one that ends or hangs over an item costs that item alone."""

from __future__ import annotations

import faulthandler
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items that a worker holds, so that it need not wait for the next."""

STOP_S = 10
"""Seconds that a worker has to end of itself."""


class WorkersFailed(Exception):
    """A worker ended before it could work."""


class _Worker(Generic[Item]):
    """A process, and the items that it holds, the one it works on first."""

    def __init__(self, make: Callable[[], Callable[[Item], Any]], hang_s: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, make, hang_s), daemon=True)
        self.process.start()
        # With no copy of its end left here, the process is told of our end, and we of its.
        theirs.close()
        self.ready = False
        self.items: deque[Item] = deque()

    def take(self, item: Item) -> None:
        """Hand an item over; one that is not received stays among those that it holds."""
        self.items.append(item)
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(item)

    def stop(self) -> None:
        """End the process, once the item that it works on is done."""
        self.connection.close()
        self.process.join(STOP_S)
        self.process.kill()
        self.process.join()


def run(
    items: Iterator[Item],
    make: Callable[[], Callable[[Item], Result]],
    processes: int,
    hang_s: float,
) -> Iterator[tuple[Item, Result | None]]:
    """Yield items with their results, in the order in which they are done.

    Parameters
    ----------
    items : iterator
        Taken one by one, as they are worked on.
    make : callable
        Makes the work in each process: a callable that takes an item.
    processes : int
        Number of processes.
    hang_s : float
        Seconds after which work on an item counts as hung.

    Yields
    ------
    tuple
        An item, and its result; none if the process ended, or hung, over it.

    Raises
    ------
    WorkersFailed
        If a process ends before it can work.
    """
    workers = {it.connection: it for it in (_Worker(make, hang_s) for _ in range(processes))}
    again: deque[Item] = deque()

    def supply(worker: _Worker[Item]) -> None:
        while len(worker.items) < AHEAD:
            item = again.popleft() if again else next(items, None)
            if item is None:
                return
            worker.take(item)

    try:
        for worker in workers.values():
            supply(worker)
        while busy := [it.connection for it in workers.values() if it.items]:
            for connection in wait(busy):
                worker = workers[connection]  # type: ignore[index]
                try:
                    result = worker.connection.recv()
                except (EOFError, ConnectionResetError):
                    workers.pop(worker.connection).stop()
                    if not worker.ready:
                        raise WorkersFailed from None
                    lost, *rest = worker.items
                    again.extend(rest)
                    worker = _Worker(make, hang_s)
                    workers[worker.connection] = worker
                    yield lost, None
                else:
                    if worker.ready:
                        yield worker.items.popleft(), result
                    worker.ready = True
                supply(worker)
    finally:
        for worker in workers.values():
            worker.connection.close()
        for worker in workers.values():
            worker.stop()


def _work(connection: Connection, make: Callable[[], Callable[[Item], Any]], hang_s: float) -> None:
    # Ctrl-C reaches all processes; the first one stops the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    work = make()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(None)
        while True:
            item = connection.recv()
            # From outside Python: code that never comes back holds its lock.
            faulthandler.dump_traceback_later(hang_s, exit=True)
            result = work(item)
            faulthandler.cancel_dump_traceback_later()
            connection.send(result)
