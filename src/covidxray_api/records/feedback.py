"""A clinician's opinion of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from covidxray_api.errors import ContradictoryFeedback
from covidxray_api.models.manifest import Manifest
from covidxray_api.screening.screening import find_label

Opinion = Literal["agree", "disagree", "not_sure"]
"""What a clinician thinks of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a clinician thinks of the answer to one request."""

    request_id: str
    """Name of the request whose answer it is about."""

    model: str
    """Name of the model that answered."""

    model_version: str
    """Its version."""

    predicted_label: str | None
    """Code of the label that was given; none if the image was rejected."""

    opinion: Opinion
    """What the clinician thinks of it."""

    corrected_label: str | None
    """Code of the label that it should have been, if the clinician named one."""

    comment: str | None
    """The clinician's words."""

    def check(self, manifest: Manifest) -> None:
        """Tell whether it makes sense for the model that it is about.

        Parameters
        ----------
        manifest : Manifest
            Of the model that answered.

        Raises
        ------
        UnknownLabel
            If it names a label that the model does not have.
        ContradictoryFeedback
            If it agrees and names another label, or disagrees and names the same.
        """
        given, corrected = self.predicted_label, self.corrected_label
        for code in (given, corrected):
            if code is not None:
                find_label(manifest, code)
        if corrected is None:
            return
        if self.opinion == "agree" and corrected != given:
            reason = "agrees" if given else "agrees_with_rejection"
            raise ContradictoryFeedback(reason, given=given, corrected=corrected)
        if self.opinion == "disagree" and corrected == given:
            raise ContradictoryFeedback("disagrees", given=given)
