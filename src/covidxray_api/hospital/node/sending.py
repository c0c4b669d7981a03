"""Sending results to one destination, until each is acknowledged or refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import structlog

from covidxray_api.hospital.node.metrics import NodeMetrics
from covidxray_api.hospital.node.outbox import Delivery, Outbox
from covidxray_api.serving.logs import log_failure

BATCH = 50
"""Most results that are sent in one go."""

LOOK_S = 0.2
"""Time between two looks for results."""

log = structlog.get_logger()


class Refused(Exception):
    """The destination does not want a result, and will not when it is asked again."""


class Unavailable(Exception):
    """The destination cannot take a result now."""


Outcome = tuple[Delivery, Refused | Unavailable | None]
"""A result, and why it was not taken, if it was not."""


class Sender(Protocol):
    """Sends results in one protocol."""

    def send(self, batch: Sequence[Delivery]) -> Iterator[Outcome]:
        """Send results, and yield how each fared as soon as that is known.

        Raises
        ------
        Unavailable
            If the destination cannot be reached; holds for all that were not yielded.
        """
        ...


class Courier(threading.Thread):
    """Brings results to a destination.

    Parameters
    ----------
    name : str
        Name of the destination.
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
        sender: Sender,
        outbox: Outbox,
        metrics: NodeMetrics,
        retry_most_s: float,
        give_up_s: float,
    ) -> None:
        super().__init__(name=f"courier {name}", daemon=True)
        self._destination = name
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
                busy = self._send_due()
            except Exception as error:
                # A fault of this program must not end what sends.
                log_failure(log, "sending failed", error, destination=self._destination)
                busy = False
            if not busy:
                self.stopping.wait(LOOK_S)

    def _send_due(self) -> bool:
        """Send one batch, and return whether there was any."""
        batch = self._outbox.due(self._destination, BATCH)
        left = {delivery.id: delivery for delivery in batch}
        try:
            for delivery, fault in self._sender.send(batch) if batch else ():
                del left[delivery.id]
                self._note(delivery, fault)
        except Unavailable as fault:
            for delivery in left.values():
                self._note(delivery, fault)
        except Exception as error:
            # What cannot be sent at all waits, and lets the others go first.
            for delivery in left.values():
                self._note(delivery, Unavailable(type(error).__name__))
            raise
        return bool(batch)

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
