"""What the rows of a job come to: counts and histograms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from covidxray_api.bulk.row import Row

BINS = 20
"""Bins of a histogram of probabilities, 0 to 1."""


class Summary:
    """Counts of rows.

    Parameters
    ----------
    labels : tuple of str
        Codes of the labels of the model.
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.films = 0
        self.screened = 0
        """Films with probabilities."""

        self.rejected = 0
        self.failed = 0
        """Films that could not be screened."""

        self.headlines: Counter[str] = Counter()
        """Films by what their answers say."""

        self.findings: Counter[str] = Counter()
        """Rejected films by finding; a film may have several, or none."""

        self.problems: Counter[str] = Counter()
        self.histograms = {label: [0] * BINS for label in labels}
        """Films by probability, for each label."""

    def counting(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows, and count them on their way."""
        for row in rows:
            self._count(row)
            yield row

    def _count(self, row: Row) -> None:
        self.films += 1
        if row["problem"]:
            self.failed += 1
            self.problems[row["problem"]] += 1
        elif row["rejected"]:
            self.rejected += 1
            self.findings.update(row["findings"] or [row["rejection"]])
        else:
            self.screened += 1
            self.headlines[row["headline"]] += 1
        for label, probability in (row["probabilities"] or {}).items():
            self.histograms[label][min(BINS - 1, int(probability * BINS))] += 1
