"""Films in large: enlarged, moved, brightened, and compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect
from pydicom.uid import ImplicitVRLittleEndian
from tests.dicom_files import dicom, ramp

if TYPE_CHECKING:
    from tests.web.conftest import Drop, Visit


@pytest.fixture
def viewer(answered: Page) -> Page:
    """The page with one film open in large."""
    answered.get_by_role("button", name="Enlarge 1").click()
    return answered


def scale(page: Page, which: int = 0) -> float:
    matrix = page.locator(".sheet").nth(which)
    return float(matrix.evaluate("sheet => new DOMMatrix(getComputedStyle(sheet).transform).a"))


def moved(page: Page) -> tuple[float, float]:
    found = page.locator(".sheet").evaluate(
        """sheet => {
            const { e, f } = new DOMMatrix(getComputedStyle(sheet).transform);
            return [e, f];
        }"""
    )
    return found[0], found[1]


def stage_of(page: Page) -> Locator:
    return page.locator(".stage").first


def test_a_film_is_enlarged_and_moved_by_keys_and_buttons(viewer: Page) -> None:
    expect(stage_of(viewer)).to_be_focused()
    viewer.keyboard.press("+")
    assert scale(viewer) == pytest.approx(1.25)
    viewer.keyboard.press("ArrowRight")
    assert moved(viewer)[0] < 0
    viewer.keyboard.press("-")
    assert scale(viewer) == 1
    assert moved(viewer) == (0, 0)  # nothing lies beyond the edge
    dialog = viewer.get_by_role("dialog")
    dialog.get_by_role("button", name="Enlarge").click()
    dialog.get_by_role("button", name="Enlarge").click()
    assert scale(viewer) == pytest.approx(1.5625)
    dialog.get_by_role("button", name="Whole image").click()
    assert scale(viewer) == 1


def test_the_wheel_enlarges_what_is_under_the_pointer(viewer: Page) -> None:
    box = stage_of(viewer).bounding_box()
    assert box
    viewer.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + box["height"] * 3 / 4)
    viewer.mouse.wheel(0, -100)
    expect(viewer.locator(".sheet")).to_have_css("transform", re.compile("matrix\\(1.25"))
    across, down = moved(viewer)

    assert across == pytest.approx(-box["width"] / 16, abs=1)
    assert down == pytest.approx(-box["height"] / 16, abs=1)


def test_fingers_enlarge(viewer: Page) -> None:
    stage_of(viewer).evaluate(
        """stage => {
            stage.setPointerCapture = () => {};
            const { left, top, width, height } = stage.getBoundingClientRect();
            const finger = (type, pointerId, across) => stage.dispatchEvent(new PointerEvent(type, {
                pointerId, clientX: left + across * width, clientY: top + height / 2 }));
            finger("pointerdown", 1, 0.45);
            finger("pointerdown", 2, 0.55);
            finger("pointermove", 2, 0.65);
        }"""
    )

    assert scale(viewer) == pytest.approx(2)


def tones(page: Page) -> list[str]:
    return [page.get_by_label(name).input_value() for name in ("Brightness", "Contrast")]


def test_a_drag_and_shifted_arrows_change_brightness_and_contrast(viewer: Page) -> None:
    assert tones(viewer) == ["50", "50"]
    box = stage_of(viewer).bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    viewer.mouse.move(*middle)
    viewer.mouse.down()
    viewer.mouse.move(middle[0] + box["width"] / 10, middle[1] - box["height"] / 10)
    viewer.mouse.up()
    assert tones(viewer) == ["60", "60"]
    stage_of(viewer).press("Shift+ArrowDown")
    assert tones(viewer) == ["55", "60"]
    viewer.get_by_role("button", name="Reset").click()
    assert tones(viewer) == ["50", "50"]

    viewer.get_by_label("Drag moves the image").check()
    stage_of(viewer).press("+")
    viewer.mouse.move(*middle)
    viewer.mouse.down()
    viewer.mouse.move(middle[0] + 10, middle[1])
    viewer.mouse.up()
    assert moved(viewer)[0] == pytest.approx(10, abs=0.5)
    assert tones(viewer) == ["50", "50"]


@pytest.mark.parametrize(
    ("brightness", "contrast"), [(50, 50), (20, 50), (80, 50), (70, 90), (30, 10), (99, 60)]
)
def test_level_and_width_are_exact(viewer: Page, brightness: int, contrast: int) -> None:
    viewer.get_by_label("Brightness").fill(str(brightness))
    viewer.get_by_label("Contrast").fill(str(contrast))
    drawn = viewer.locator(".stage img").evaluate(
        """image => {
            const canvas = document.createElement("canvas");
            Object.assign(canvas, { width: 256, height: 1 });
            const context = canvas.getContext("2d");
            const greys = context.createImageData(256, 1);
            greys.data.forEach((_, at) => (greys.data[at] = at % 4 === 3 ? 255 : at >> 2));
            context.putImageData(greys, 0, 0);
            context.filter = image.style.filter;
            context.globalCompositeOperation = "copy";
            context.drawImage(canvas, 0, 0);
            return [...context.getImageData(0, 0, 256, 1).data].filter((_, at) => at % 4 === 0);
        }"""
    )
    level, width = 1 - brightness / 100, 2 ** ((50 - contrast) / 25)

    for grey, shown in enumerate(drawn):
        exact = min(1, max(0, (grey / 255 - level) / width + 0.5)) * 255
        # Each of the two filters rounds to a grey; the second spreads what the first has rounded.
        assert abs(shown - exact) <= 4


def test_two_films_are_compared_side_by_side(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files(
        "#choose", [examples / f"{name}.png" for name in ("normal", "covid_19", "viral_pneumonia")]
    )
    expect(page.locator(".verdict")).to_have_count(3)
    page.get_by_label("Previous radiograph").select_option(label="1 · normal.png")
    page.get_by_label("Current radiograph").select_option(label="3 · viral_pneumonia.png")
    page.get_by_role("button", name="Compare").click()
    panes = page.get_by_role("dialog").locator(".pane")

    expect(panes.locator("h3")).to_have_text(["1 · normal.png", "3 · viral_pneumonia.png"])
    expect(panes.locator(".notice")).to_have_count(2)
    boxes = [panes.nth(place).bounding_box() for place in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["y"] == boxes[1]["y"]
    page.keyboard.press("+")
    assert scale(page, 1) == scale(page, 0) == pytest.approx(1.25)
    page.get_by_label("Change both together").uncheck()
    page.locator(".stage").first.press("+")
    assert scale(page, 1) == pytest.approx(1.25)
    assert scale(page, 0) > 1.5
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Compare")).to_be_focused()


def test_a_film_is_compared_with_nothing(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", examples / "normal.png")
    expect(page.locator(".verdict")).to_be_visible()

    expect(page.get_by_role("button", name="Compare")).to_be_hidden()


def test_two_different_radiographs_are_compared_unless_told_otherwise(
    visit: Visit, examples: Path
) -> None:
    page = visit(locale="es-ES")
    page.set_input_files(
        "#choose", [examples / f"{name}.png" for name in ("normal", "covid_19", "viral_pneumonia")]
    )
    expect(page.locator(".verdict")).to_have_count(3)
    chosen = page.locator("#compare select option:checked")
    expect(chosen).to_have_text(["1 · normal.png", "2 · covid_19.png"])
    page.get_by_role("button", name="Quitar: 1").click()
    expect(chosen).to_have_text(["2 · covid_19.png", "3 · viral_pneumonia.png"])


def dated(**stated: str) -> bytes:
    return dicom(ramp(), BitsStored=12, WindowCenter=2048, WindowWidth=4096, **stated)


@pytest.mark.parametrize(
    ("films", "previous", "current"),
    [
        # The time of a day tells as well, and acquisition before the study.
        (
            {
                "third.dcm": dated(StudyDate="20200301", StudyTime="080000"),
                "first.dcm": dated(StudyDate="20190301"),
                "second.dcm": dated(StudyDate="20200401", AcquisitionDate="20200229"),
            },
            "3 · second.dcm (Feb 29, 2020)",
            "1 · third.dcm (Mar 1, 2020)",
        ),
        (
            {
                "later.dcm": dated(StudyDate="20200301", StudyTime="1830"),
                "earlier.dcm": dicom(
                    ramp(), ImplicitVRLittleEndian, StudyDate="20200301", StudyTime="080000.123"
                ),
                "unknown.dcm": dated(),
            },
            "2 · earlier.dcm (Mar 1, 2020)",
            "1 · later.dcm (Mar 1, 2020)",
        ),
        (
            {"a.dcm": dated(), "b.dcm": dated(StudyDate="20200301"), "c.dcm": dated()},
            "1 · a.dcm",
            "2 · b.dcm (Mar 1, 2020)",
        ),
    ],
)
def test_radiographs_are_compared_by_the_date_that_their_files_state(
    visit: Visit, drop: Drop, films: dict[str, bytes], previous: str, current: str
) -> None:
    page = visit()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    drop(page, films)
    chosen = page.locator("#compare select option:checked")
    expect(chosen).to_have_text([previous, current])
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".pane h3")).to_have_text([previous, current])

    assert not [request for request in asked if "20200301" in str(request.headers)]


def test_what_was_chosen_by_hand_stays_whatever_the_dates_say(visit: Visit, drop: Drop) -> None:
    page = visit()
    drop(page, {"a.dcm": dated(StudyDate="20200101"), "b.dcm": dated(StudyDate="20200201")})
    page.get_by_label("Previous radiograph").select_option(label="2 · b.dcm (Feb 1, 2020)")
    page.get_by_label("Current radiograph").select_option(label="1 · a.dcm (Jan 1, 2020)")
    drop(page, {"c.dcm": dated(StudyDate="20200301")})
    options = page.locator("#compare select").first.locator("option")
    expect(options).to_have_count(3)

    expect(page.locator("#compare select option:checked")).to_have_text(
        ["2 · b.dcm (Feb 1, 2020)", "1 · a.dcm (Jan 1, 2020)"]
    )


def test_window_and_zoom_are_linked_when_comparing(visit: Visit, examples: Path) -> None:
    page = visit()
    page.set_input_files("#choose", [examples / f"{name}.png" for name in ("normal", "covid_19")])
    expect(page.locator(".verdict")).to_have_count(2)
    page.get_by_role("button", name="Compare").click()
    brightness = page.get_by_label("Brightness")
    brightness.first.fill("70")
    assert brightness.last.input_value() == "70"
    page.get_by_label("Change both together").uncheck()
    brightness.first.fill("30")
    assert brightness.last.input_value() == "70"


def drawn(page: Page) -> str:
    """Return how the picture is turned and mirrored."""
    turned: str = page.locator(".stage .plate").evaluate("plate => plate.style.transform")
    return turned


def test_the_picture_is_turned_mirrored_and_inverted_by_keys(viewer: Page) -> None:
    note = viewer.locator(".oriented")
    for key, transform, words in [
        ("r", "rotate(90deg) scaleX(1)", "turned by 90°: not as it was sent"),
        ("h", "rotate(270deg) scaleX(-1)", "Mirrored, turned by 270°: not as it was sent"),
        ("v", "rotate(270deg) scaleX(1)", "turned by 270°: not as it was sent"),
        ("r", "rotate(0deg) scaleX(1)", ""),
        ("l", "rotate(270deg) scaleX(1)", "turned by 270°: not as it was sent"),
    ]:
        viewer.keyboard.press(key)
        assert drawn(viewer) == transform
        expect(note).to_have_text(words)
    picture = viewer.locator(".stage img")
    viewer.keyboard.press("i")
    expect(picture).to_have_css("filter", re.compile("invert"))
    viewer.keyboard.press("i")
    expect(picture).not_to_have_css("filter", re.compile("invert"))


def test_a_turned_picture_stays_within_the_stage(visit: Visit, examples: Path) -> None:
    page = visit(viewport={"width": 900, "height": 500})
    page.set_input_files("#choose", examples / "covid_19.png")
    page.get_by_role("button", name="Enlarge 1").click()
    page.keyboard.press("r")
    stage, picture = (page.locator(f".stage{part}").bounding_box() for part in ("", " img"))
    assert stage
    assert picture

    assert picture["x"] >= stage["x"] - 1
    assert picture["y"] >= stage["y"] - 1
    assert picture["width"] <= stage["width"] + 1
    assert picture["height"] <= stage["height"] + 1


def test_one_to_one_shows_each_pixel_as_one(viewer: Page) -> None:
    viewer.keyboard.press("1")
    picture = viewer.locator(".stage img")
    wide = picture.evaluate("image => image.getBoundingClientRect().width * devicePixelRatio")

    assert wide == pytest.approx(picture.evaluate("image => image.naturalWidth"), abs=0.5)


def test_why_and_its_map_are_there_by_key(visit: Visit, examples: Path) -> None:
    viewer = visit()
    viewer.set_input_files("#choose", examples / "viral_pneumonia.png")
    expect(viewer.locator(".verdict")).to_be_visible()
    viewer.get_by_role("button", name="Enlarge 1").click()
    viewer.keyboard.press("w")
    expect(viewer.locator(".stage .contours")).to_be_visible()
    viewer.keyboard.press("m")
    expect(viewer.locator(".stage .contours")).to_have_count(0)
    viewer.keyboard.press("m")
    expect(viewer.locator(".stage .contours")).to_be_visible()


def test_one_finger_moves_and_two_zoom(viewer: Page) -> None:
    viewer.keyboard.press("+")
    viewer.keyboard.press("+")
    stage_of(viewer).evaluate(
        """stage => {
            stage.setPointerCapture = () => {};
            const { left, top, width, height } = stage.getBoundingClientRect();
            const finger = (type, across) => stage.dispatchEvent(new PointerEvent(type, {
                pointerType: "touch", pointerId: 1,
                clientX: left + across * width, clientY: top + height / 2 }));
            finger("pointerdown", 0.5);
            finger("pointermove", 0.6);
        }"""
    )
    box = stage_of(viewer).bounding_box()
    assert box

    assert moved(viewer)[0] == pytest.approx(box["width"] / 10, abs=1)
    assert tones(viewer) == ["50", "50"]


def test_corrections_and_the_notice_are_in_the_viewer(
    visit: Visit, drop: Drop, upside_down: bytes
) -> None:
    page = visit(locale="es-ES")
    drop(page, {"turned.png": upside_down})
    page.get_by_role("button", name="Ampliar 1").click()
    dialog = page.get_by_role("dialog")

    expect(dialog.locator(".notes")).to_contain_text("Corregido:")
    expect(dialog.locator(".notice")).to_contain_text("Apoyo a la decisión")


def opened(page: Page, drop: Drop, **stated: Any) -> None:
    """Open a DICOM file of 64 by 48 pixels in large."""
    drop(page, {"chest.dcm": dicom(ramp(), BitsStored=12, **stated)})
    page.get_by_role("button", name=re.compile("^(Enlarge|Ampliar) 1")).click()
    expect(page.locator(".stage img")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "stated", "said"),
    [
        ("en-GB", {"ImagerPixelSpacing": [2, 4]}, "128.0 mm at the detector: magnified"),
        ("es-ES", {"ImagerPixelSpacing": [2, 4]}, "128,0 mm en el detector: ampliada"),
        (
            "en-GB",
            {"ImagerPixelSpacing": [3, 5], "PixelSpacing": [2, 4]},
            "128.0 mm by the calibration",
        ),
        ("en-GB", {"PixelSpacing": [2, 4]}, "128.0 mm by the file, which does not say"),
    ],
)
def test_the_ruler_measures_by_key_and_says_where(
    visit: Visit, drop: Drop, locale: str, stated: dict[str, Any], said: str
) -> None:
    page = visit(locale=locale)
    opened(page, drop, **stated)
    page.keyboard.press("d")

    measured = page.locator(".measured")
    expect(measured).to_contain_text(said)  # half of 64 columns
    expect(page.locator(".stage .ruler")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(measured).to_contain_text(re.compile("^130[.,]6 mm"))  # and a hundredth of them
    page.keyboard.press("Shift+ArrowRight")
    expect(measured).to_contain_text(re.compile("^128[.,]0 mm"))
    page.keyboard.press("d")
    expect(measured).to_have_text("")
    expect(page.locator(".stage .ruler")).to_have_count(0)


def test_the_ruler_is_drawn_by_a_drag_and_follows_the_picture(visit: Visit, drop: Drop) -> None:
    page = visit()
    opened(page, drop, ImagerPixelSpacing=[2, 4])
    button = page.get_by_role("button", name="Ruler")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")

    def drawn_down() -> None:
        """From the middle, over a quarter of the picture's height on the screen."""
        box = page.locator(".stage img").bounding_box()
        assert box
        across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(across, down)
        page.mouse.down()
        page.mouse.move(across, down + box["height"] / 4)
        page.mouse.up()

    measured = page.locator(".measured")
    drawn_down()
    expect(measured).to_contain_text(re.compile("^24.0 mm"))  # a quarter of 48 rows
    assert tones(page) == ["50", "50"]
    page.keyboard.press("+")
    expect(measured).to_contain_text(re.compile("^24.0 mm"))
    page.keyboard.press("0")
    page.keyboard.press("r")
    drawn_down()
    expect(measured).to_contain_text(re.compile("^64.0 mm"))  # turned: a quarter of 64 columns
    page.keyboard.press("h")
    page.keyboard.press("ArrowDown")
    expect(measured).to_contain_text(re.compile("^66.6 mm"))
    page.keyboard.press("v")
    page.keyboard.press("ArrowDown")
    expect(measured).to_contain_text(re.compile("^64.0 mm"))  # its end is now its upper one


def test_no_ruler_measures_what_states_no_spacing(viewer: Page) -> None:
    viewer.keyboard.press("d")

    expect(viewer.locator(".measured")).to_contain_text("No ruler: this file does not state")
    expect(viewer.locator(".stage .ruler")).to_have_count(0)
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("d")
    expect(viewer.locator(".measured")).to_have_text("")


@pytest.mark.parametrize(
    ("name", "key", "figures"),
    [
        ("Lung", "2", "Level 35%, width 50%"),
        ("Bone", "3", "Level 75%, width 50%"),
        ("Soft tissue", "4", "Level 60%, width 50%"),
    ],
)
def test_windows_are_preset_by_button_and_key(
    viewer: Page, name: str, key: str, figures: str
) -> None:
    said = viewer.locator(".tools output")
    viewer.keyboard.press(key)
    expect(said).to_have_text(figures)
    viewer.get_by_role("button", name="Reset").click()
    expect(said).to_have_text("Level 50%, width 100%")
    viewer.get_by_role("group", name="Window").get_by_role("button", name=name).click()
    expect(said).to_have_text(figures)
