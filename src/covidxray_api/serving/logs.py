"""The log: one JSON object a line on standard output, ours and the server's alike."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any

import structlog

ENCODER = json.JSONEncoder(ensure_ascii=False, default=repr)
"""Made once: `json.dumps` makes one for each line."""


def log_failure(
    log: structlog.typing.WrappedLogger, event: str, error: BaseException, **facts: object
) -> None:
    """Log an exception with its traceback, in plain text whatever the log is configured to.

    A traceback that the log formats may show local variables, hence images: structlog's own does
    wherever `rich` is installed and nothing else is configured.

    Parameters
    ----------
    log : logger
        Any logger of structlog.
    event : str
        What failed.
    error : BaseException
        Why.
    **facts
        What else is known.
    """
    log.error(event, exception="".join(traceback.format_exception(error)), **facts)


def configure_logs(level: str) -> None:
    """Send every log of the process through structlog.

    Parameters
    ----------
    level : str
        Least severe level that is written: debug, info, warning or error.
    """
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Plain text: the structured form would write the local variables, hence images, as well.
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=steps,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(_encoded),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    # At debug, libraries tell what they read: names of files, values of headers.
    least = max(logging.INFO, logging.getLevelNamesMapping()[level.upper()])
    logging.basicConfig(handlers=[handler], level=least, force=True)
    structlog.configure(
        processors=[*steps, structlog.processors.JSONRenderer(_encoded)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )


def _encoded(line: dict[str, Any], **_: object) -> str:
    return ENCODER.encode(line)
