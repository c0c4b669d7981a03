"""What comes of one file of several: an answer or a problem, and none costs the others theirs."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from covidxray_api.api.problems import Problem, as_problem
from covidxray_api.api.schemas import BatchAnswer
from covidxray_api.errors import CovidXrayError
from covidxray_api.rendering.renderer import Context
from covidxray_api.rendering.schemas import Prediction
from covidxray_api.serving.jobs import ClientGone
from covidxray_api.serving.logs import log_failure

Found = TypeVar("Found")

log = structlog.get_logger()


async def outcome(work: Awaitable[Found]) -> Found | CovidXrayError:
    """Return what the work on one file finds, or what kept it from that.

    Raises
    ------
    ClientGone
        If nobody waits for any of them.
    """
    try:
        return await work
    except CovidXrayError as error:
        return error
    except ClientGone:
        raise
    except Exception as error:
        # A fault of ours over one file must not cost the others their answers.
        log_failure(log, "unforeseen error", error)
        return CovidXrayError()


def batch_answer(
    index: int,
    filename: str | None,
    came: Prediction | CovidXrayError,
    context: Context,
    prefix: str,
) -> BatchAnswer:
    """Return what came of a file, as it is answered.

    Parameters
    ----------
    index : int
        Place of the file among the others, from 0.
    filename : str, optional
        As it was stated.
    came : Prediction or CovidXrayError
        See `outcome`.
    context : Context
        Of the request as a whole.
    prefix : str
        Path prefix under which the service was reached.
    """
    if isinstance(came, CovidXrayError):
        said = as_problem(came, context.language, prefix, context.request_id)
        problem = Problem.model_validate(said)
        return BatchAnswer(index=index, filename=filename, prediction=None, problem=problem)
    return BatchAnswer(index=index, filename=filename, prediction=came, problem=None)
