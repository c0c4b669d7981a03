from pathlib import Path

import cv2
import numpy as np
import pytest

from covidxray_api.decoding import Limits, decode
from covidxray_api.errors import DatasetError
from covidxray_api.preprocessing import preprocess
from covidxray_api.training.data.dataset import counts, load_pixels, read_dataset


def test_index_layout_gives_label_source_group_and_subset(indexed_folder: Path) -> None:
    images = read_dataset(indexed_folder)
    assert len(images) == 60
    assert images[3].label == "covid_19"
    assert (images[3].source, images[3].group) == ("there", "1")
    assert images[3].in_seed_subset
    assert not images[30].in_seed_subset
    assert counts(images)["here"]["normal"] == 10


@pytest.mark.parametrize("covid", ["COVID", "COVID-19"])
@pytest.mark.parametrize("inside", ["", "images"])
def test_class_folder_layout(tmp_path: Path, covid: str, inside: str) -> None:
    for folder in (covid, "Normal", "Viral Pneumonia", "Lung_Opacity"):
        images = tmp_path / folder / inside
        images.mkdir(parents=True)
        cv2.imwrite(str(images / f"{folder}-1.png"), np.zeros((40, 40), dtype=np.uint8))
        (tmp_path / folder / "masks").mkdir()
    (tmp_path / "README.md.txt").write_text("metadata")
    labels = [image.label for image in read_dataset(tmp_path)]
    assert sorted(labels) == ["covid_19", "normal", "other_finding", "viral_pneumonia"]


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="layout"):
        read_dataset(tmp_path)


def test_index_that_names_a_missing_image_is_refused(tmp_path: Path) -> None:
    header = "file,label,source,group,seed_paper_subset"
    (tmp_path / "index.csv").write_text(f"{header}\nlost.png,normal,here,1,0\n")
    with pytest.raises(DatasetError, match="absent"):
        read_dataset(tmp_path)


def test_index_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("file,label\na.png,normal\n")
    with pytest.raises(DatasetError, match="column"):
        read_dataset(tmp_path)


def test_images_are_loaded_as_serving_sees_them(indexed_folder: Path) -> None:
    image = read_dataset(indexed_folder)[0]
    decoded = decode(image.path.read_bytes(), Limits(max_pixels=10_000, min_side=32)).pixels
    served = preprocess([decoded], (48, 48))
    trained = preprocess(list(load_pixels([image], (48, 48))), (48, 48))
    # Loading rounds to whole gray values once; nothing else may differ.
    assert np.abs(served - trained).max() <= 0.5 / 255 + 1e-6
