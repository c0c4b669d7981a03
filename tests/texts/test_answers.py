import re
from pathlib import Path

from covidxray_api.texts import MESSAGES, message

PACKAGE = Path(__file__).parents[2] / "src" / "covidxray_api"


def test_every_message_has_both_languages() -> None:
    assert all(set(texts) == {"en", "es"} and all(texts.values()) for texts in MESSAGES.values())


def test_the_paper_refusal_is_worded_as_in_the_paper() -> None:
    expected = "La imagen no es una radiografía de Tórax"
    assert message("not_a_chest_radiograph", "es") == expected


def test_every_message_is_used() -> None:
    files = (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.j2"))
    sources = "".join(path.read_text() for path in files)
    # Names of labels are found by the label's code.
    of_labels = ("headline_", "finding_", "short_")
    codes = [code for code in MESSAGES if not code.startswith(of_labels)]
    unused = [code for code in codes if len(re.findall(rf"['\"]{code}['\"]", sources)) < 2]
    assert unused == []
