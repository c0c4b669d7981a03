"""Each row is kept once, and only of one job."""

from __future__ import annotations

from pathlib import Path

import pytest

from covidxray_api.bulk.journal import Journal
from covidxray_api.bulk.sources import Film
from covidxray_api.errors import InvalidJob


def row(path: str, member: str | None = None, answer: int = 0) -> dict[str, object]:
    return {"path": path, "member": member, "answer": answer}


def test_rows_outlive_the_process_in_the_order_of_films(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "job")
    for film in (row("b"), row("a", "2"), row("a", "1")):
        journal.add(film)
    journal.commit()
    journal.add(row("c"))
    journal.close()  # what was not committed is as lost as by a kill

    again = Journal(tmp_path / "journal", "job")

    assert list(again.rows()) == [row("a", "1"), row("a", "2"), row("b")]
    assert Film("a", "1") in again
    assert Film("a") not in again
    assert Film("c") not in again
    again.close()


def test_a_film_has_one_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", "job")

    journal.add(row("a", answer=1))
    journal.add(row("a", answer=2))

    assert list(journal.rows()) == [row("a", answer=1)]
    journal.close()


@pytest.mark.parametrize("closed", [True, False])
def test_a_journal_of_another_job_or_in_use_is_refused(tmp_path: Path, closed: bool) -> None:
    first = Journal(tmp_path / "journal", "job")
    if closed:
        first.close()

    with pytest.raises(InvalidJob, match="journal_of_another" if closed else "locked"):
        Journal(tmp_path / "journal", "another")

    first.close()


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("The patient is well." * 100)

    with pytest.raises(InvalidJob, match="not a database"):
        Journal(tmp_path / "journal", "job")
