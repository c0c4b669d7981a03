"""Sending results to one destination, until each is acknowledged or refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import structlog

from covidxray_api.hospital.node.database import Lane
from covidxray_api.hospital.node.metrics import NodeMetrics
from covidxray_api.hospital.node.outbox import Delivery, Outbox
from covidxray_api.serving.logs import log_failure

BATCH = 50
"""Most results that are looked for at once."""

LOOK_S = 0.1
"""Time between two looks for results."""

LINGER_S = 1.0
"""Time without a result after which an association is released."""

log = structlog.get_logger()


class Refused(Exception):
    """The destination does not want a result, and will not when it is asked again."""


class Unavailable(Exception):
    """The destination cannot take a result now."""


Outcome = tuple[Delivery, Refused | Unavailable | None]
"""A result, and why it was not taken, if it was not."""


class Sender(Protocol):
    """Sends results in one protocol."""

    def send(self, due: Iterable[Delivery]) -> Iterator[Outcome]:
        """Send results as they come, and yield how each fared as soon as that is known.

        Parameters
        ----------
        due : iterable of Delivery
            At least one; may wait for further ones.

        Raises
        ------
        Unavailable
            If the destination cannot be reached; holds for all that were not yielded.
        """
        ...


class Courier(threading.Thread):
    """Brings results to a destination, those of a study one after the other.

    Parameters
    ----------
    name : str
        Name of the destination.
    lane : tuple of int
        Which of how many shares of the studies it sends results of.
    sender : Sender
        Sends to it.
    outbox : Outbox
        Has the results.
    metrics : NodeMetrics
        Count the tries.
    retry_most_s, give_up_s : float
        See `NodeConfig`.
    """

    def __init__(
        self,
        name: str,
        lane: Lane,
        sender: Sender,
        outbox: Outbox,
        metrics: NodeMetrics,
        retry_most_s: float,
        give_up_s: float,
    ) -> None:
        super().__init__(name=f"courier {name} {lane[0]}", daemon=True)
        self._destination = name
        self._lane = lane
        self._sender = sender
        self._outbox = outbox
        self._metrics = metrics
        self._retry_most_s = retry_most_s
        self._give_up_s = give_up_s
        self.stopping = threading.Event()
        """Once set, no further batch is begun."""

    def run(self) -> None:
        """Send what is due until told to stop."""
        while not self.stopping.is_set():
            try:
                self._send_due()
            except Exception as error:
                # A fault of this program must not end what sends.
                log_failure(log, "sending failed", error, destination=self._destination)
            self.stopping.wait(LOOK_S)

    def _send_due(self) -> None:
        """Send what is due, if there is anything, and what follows closely upon it."""
        batch = self._outbox.due(self._destination, BATCH, self._lane)
        waiting = {delivery.id: delivery for delivery in batch}
        try:
            for delivery, fault in self._sender.send(self._due(batch, waiting)) if batch else ():
                del waiting[delivery.id]
                self._note(delivery, fault)
        except Unavailable as fault:
            for delivery in waiting.values():
                self._note(delivery, fault)
        except Exception as error:
            # What cannot be sent at all waits, and lets the others go first.
            for delivery in waiting.values():
                self._note(delivery, Unavailable(type(error).__name__))
            raise

    def _due(self, batch: Sequence[Delivery], waiting: dict[int, Delivery]) -> Iterator[Delivery]:
        """Yield what is due until there has been nothing for a while.

        Parameters
        ----------
        batch : sequence of Delivery
            What comes first.
        waiting : dict of int to Delivery
            Has, by id, what was looked for and not yet judged.
        """
        yield from batch
        idle_since = time.monotonic()
        while not self.stopping.wait(0 if batch else LOOK_S):
            batch = self._outbox.due(self._destination, BATCH, self._lane)
            if batch:
                waiting.update({delivery.id: delivery for delivery in batch})
                yield from batch
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > LINGER_S:
                return

    def _note(self, delivery: Delivery, fault: Refused | Unavailable | None) -> None:
        if fault is None:
            self._outbox.sent([delivery])
            self._metrics.sending(self._destination, "sent")
            return
        if isinstance(fault, Refused) or time.time() - delivery.made_at > self._give_up_s:
            self._outbox.give_up(delivery, str(fault))
            self._metrics.sending(self._destination, "dead")
            log.error("result not delivered", destination=self._destination, fault=str(fault))
            return
        pause = min(2.0**delivery.tries, self._retry_most_s)
        self._outbox.postpone(delivery, str(fault), pause)
        self._metrics.sending(self._destination, "postponed")
        if delivery.tries == 0:
            log.warning("result waits", destination=self._destination, fault=str(fault))
