import shutil
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from covidxray_api.errors import CorruptArtefact, DatasetError
from covidxray_api.inference import ModelRegistry
from covidxray_api.models.artefacts import EVIDENCE, write_json
from covidxray_api.models.decision import calibrate
from covidxray_api.models.store import ModelStore
from covidxray_api.radiograph import Radiograph
from covidxray_api.training.data.dataset import LabelledImage, load_pixels, read_dataset
from covidxray_api.training.data.split import split
from covidxray_api.training.evaluation.classifier import evaluate, predict_unseen
from covidxray_api.training.fitting.checkpoint import Checkpoint
from covidxray_api.training.fitting.config import Continuation, Softening, TrainingConfig
from covidxray_api.training.fitting.efficientnet_lite import efficientnet_lite
from covidxray_api.training.fitting.fit import (
    ImageBatches,
    as_served,
    balanced_weights,
    fit,
    steps_per_epoch,
)
from covidxray_api.training.fitting.networks import seed_cnn
from covidxray_api.training.fitting.run import TrainedNetwork, average, continued, train
from covidxray_api.training.publishing.legacy import import_network
from covidxray_api.training.publishing.publication import compile_again, publish, recalibrate

pytestmark = pytest.mark.timeout(900)  # networks are trained; a busy machine takes minutes


@pytest.fixture(scope="module")
def trained(indexed_folder: Path) -> TrainedNetwork:
    config = TrainingConfig.model_validate(
        {
            "name": "drawn",
            "description": "Learns drawn radiographs.",
            "network": "residual",
            "input_size": [32, 32],
            "labels": [
                {"code": code, "display": {"en": code, "es": code}}
                for code in ("normal", "covid_19", "viral_pneumonia")
            ],
            "split": "group",
            "validation_share": 0.2,
            "epochs": 30,
            "batch_size": 16,
        }
    )
    images = read_dataset(indexed_folder)
    return train(images, load_pixels(images, config.input_size), config)


@pytest.fixture(scope="module")
def published(trained: TrainedNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the network as its first version, for tests to copy."""
    folder = tmp_path_factory.mktemp("published")
    publish(trained, ModelStore(folder), trained.held_out)
    return folder


@pytest.fixture
def store(published: Path, tmp_path: Path) -> ModelStore:
    """A store with the network, of a test's own."""
    return ModelStore(shutil.copytree(published, tmp_path / "published"))


def test_the_paper_network_has_fifteen_layers_of_the_kinds_named() -> None:
    network = seed_cnn((64, 64), 3)
    kinds = {type(layer).__name__ for layer in network.layers}
    assert len(network.layers) == 15
    assert kinds == {
        "Conv2D", "BatchNormalization", "MaxPooling2D", "Flatten", "Dense", "Dropout"
    }  # fmt: skip


def test_a_run_learns_and_reports_its_milestone(trained: TrainedNetwork) -> None:
    assert len(trained.history) == 30
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]
    assert trained.history[-1]["train_accuracy"] > 0.8
    assert len(trained.held_out_probabilities) == len(trained.held_out) == 12


def test_a_published_network_answers_as_it_did_in_training(
    trained: TrainedNetwork, store: ModelStore
) -> None:
    stored = store.get("drawn")
    assert stored.manifest.version == "1"
    assert publish(trained, store, trained.held_out).manifest.version == "2"
    model = ModelRegistry(store, "drawn").get()
    for row, image in enumerate(trained.held_out):
        pixels = load_pixels([image], (32, 32))[0]
        answer = model.probabilities(Radiograph(pixels, "image/png"))
        raw = trained.held_out_probabilities[row : row + 1]
        expected = calibrate(raw, stored.manifest.temperature)[0]
        np.testing.assert_allclose(list(answer.values()), expected, atol=1e-5)


def test_a_published_network_that_was_changed_is_refused(store: ModelStore) -> None:
    weights = store.get("drawn").folder / "model.keras"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(CorruptArtefact, match="hash"):
        ModelRegistry(store, "drawn").get()


def test_evaluation_uses_only_patients_that_training_has_not_seen(
    trained: TrainedNetwork, indexed_folder: Path, store: ModelStore
) -> None:
    images = read_dataset(indexed_folder)
    unseen = predict_unseen(
        ModelRegistry(store, "drawn").get(), images, load_pixels(images, (32, 32))
    )
    assert {image.path for image in unseen.images} == {image.path for image in trained.held_out}
    report = evaluate(unseen)
    assert report["held_out"]["accuracy"]["n"] == 12
    assert sum(map(sum, report["held_out"]["confusion"])) == 12


def test_calibration_can_be_fitted_again_to_the_same(
    trained: TrainedNetwork, indexed_folder: Path, store: ModelStore
) -> None:
    published = store.get("drawn").manifest
    assert set(published.operating_points) == {"screening", "balanced", "specific"}
    again = recalibrate(
        ModelRegistry(store, "drawn").get(), read_dataset(indexed_folder), store
    ).manifest
    # Drawn classes are told apart so well that quite different temperatures calibrate alike.
    outputs = trained.held_out_probabilities
    np.testing.assert_allclose(
        calibrate(outputs, again.temperature), calibrate(outputs, published.temperature), atol=1e-3
    )
    assert again.operating_points.keys() == published.operating_points.keys()


def test_what_was_measured_of_a_model_remains_where_it_is_compiled_again(
    indexed_folder: Path, store: ModelStore
) -> None:
    images, published = read_dataset(indexed_folder), store.get("drawn")
    write_json(published.folder / EVIDENCE, {"measured": 1})

    again = compile_again(published, store, images)
    fitted_again = recalibrate(ModelRegistry(store, "drawn").get(), images, store)

    assert again.manifest.version == "2"
    assert again.manifest.probe == published.manifest.probe
    assert again.evidence == {"measured": 1}
    assert fitted_again.evidence == {}


def test_a_legacy_file_can_be_imported(trained: TrainedNetwork, tmp_path: Path) -> None:
    path = tmp_path / "Modelo_RedNeuronal3-60-40.h5"
    trained.network.save(path)
    store = ModelStore(tmp_path / "store")
    stored = import_network(path, store, "imported")
    assert stored.manifest.input_size == (32, 32)
    image = load_pixels(trained.held_out[:1], (32, 32))[0]
    answer = ModelRegistry(store, "imported").get().probabilities(Radiograph(image, "image/png"))
    expected = trained.held_out_probabilities[0]
    np.testing.assert_allclose(list(answer.values()), expected, atol=1e-5)


def test_what_is_no_network_cannot_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    path.write_text("not a network")
    with pytest.raises(DatasetError, match="network"):
        import_network(path, ModelStore(tmp_path), "imported")


def test_balancing_draws_classes_alike_and_others_half_as_often(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)[:-1]
    weights = balanced_weights(images, config)
    labels = np.array([image.label for image in images])
    shares = [weights[labels == label].sum() for label in np.unique(labels)]
    np.testing.assert_allclose(shares, 1 / 3)
    binary = config.model_copy(update={"labels": config.labels[:2]})
    weights = balanced_weights(images, binary)
    np.testing.assert_allclose(weights[labels == "viral_pneumonia"].sum(), 0.2)


def test_batches_depend_on_seed_epoch_and_number_alone(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    pixels = load_pixels(images, config.input_size)
    once, again = (ImageBatches(images, pixels, config, config.phases[0]) for _ in range(2))
    again[0]
    np.testing.assert_array_equal(once[1][0], again[1][0])
    first_epoch = once[1][0]
    once.on_epoch_end()
    assert (once[1][0] != first_epoch).any()


@pytest.mark.usefixtures("eagerly")
def test_an_interrupted_run_goes_on_to_the_same_network(
    indexed_folder: Path, config: TrainingConfig, tmp_path: Path
) -> None:
    films = read_dataset(indexed_folder)
    pixels = load_pixels(films, config.input_size)
    run = config.model_copy(
        update={
            "network": "residual", "epochs": 4, "batch_size": 24, "augment": True,
            "averaging": 0.9, "small_first": (16, 16),
        }
    )  # fmt: skip
    whole = train(films, pixels, run)
    for stop in (1, 3):
        interrupted(films, pixels, run, tmp_path, stop)
    (state,) = tmp_path.glob("*.keras")
    assert state.is_file()
    resumed = train(films, pixels, run, tmp_path)
    assert [each["epoch"] for each in resumed.history] == [1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == []
    np.testing.assert_allclose(
        resumed.held_out_probabilities, whole.held_out_probabilities, atol=1e-4
    )


@pytest.mark.usefixtures("eagerly")
def test_continuations_are_averaged_with_the_main_run(
    indexed_folder: Path, config: TrainingConfig
) -> None:
    images = read_dataset(indexed_folder)
    pixels = load_pixels(images, config.input_size)
    run = config.model_copy(
        update={
            "leave_out": ("there",),
            "continuations": (
                Continuation(add=("there",), images=16, learning_rate=1e-3),
                Continuation(images=16, learning_rate=1e-3),
            ),
        }
    )
    trained = train(images, pixels, run)
    assert {image.source for image in trained.trained_on} == {"here", "there"}
    assert {image.source for image in trained.held_out} == {"here"}
    suitable = run.suitable(images)
    rows = np.array([images.index(image) for image in suitable])
    alone = train(suitable, pixels[rows], run.model_copy(update={"continuations": ()}))
    trained_on = rows[split(suitable, run)[0]]
    ends = continued(images, pixels, run, trained_on, alone.network)
    average(alone.network, ends)
    for found, expected in zip(
        trained.network.get_weights(), alone.network.get_weights(), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-4)


class Interruption(Exception):
    """Stands for whatever ends a process."""


def interrupted(
    films: list[LabelledImage], pixels: np.ndarray, run: TrainingConfig, folder: Path, stop: int
) -> None:
    """Train until the state after an epoch has been written."""
    chosen = [films[row] for row in split(films, run)[0]]
    rows = split(films, run)[0]
    checkpoint = Checkpoint.of(folder, run, chosen)
    begun, history = checkpoint.load(steps_per_epoch(chosen, run)) or (None, [])

    def after_epoch(epoch: int, network: keras.Model, figures: dict[str, float]) -> None:
        history.append({"epoch": epoch} | figures)
        checkpoint.save(network, history)
        if epoch == stop:
            raise Interruption

    with pytest.raises(Interruption):
        fit(chosen, pixels[rows], run, after_epoch, begun)


def test_a_softened_network_is_shown_its_input_without_detail_and_rim(
    config: TrainingConfig,
) -> None:
    run = config.model_copy(
        update={
            "network": "efficientnet_lite", "input_size": (48, 48),
            "soften": Softening(detail=(16, 24), rim=0.1, pool=2, crop=2),
        }
    )  # fmt: skip
    network = efficientnet_lite((48, 48), 3)
    served = as_served(network, run)
    film = np.random.default_rng(0).random((1, 48, 48, 1), dtype=np.float32)
    changed = film.copy()
    changed[:, :4], changed[:, :, -4:] = 0, 1
    changed[:, 10, 10], changed[:, 11, 11] = film[:, 11, 11], film[:, 10, 10]
    np.testing.assert_allclose(
        served.predict(film, verbose=0), served.predict(changed, verbose=0), atol=1e-6
    )
    small = cv2.resize(film[0, ..., 0], (24, 24), interpolation=cv2.INTER_AREA)[2:-2, 2:-2]
    shown = cv2.resize(small, (48, 48), interpolation=cv2.INTER_LINEAR)[np.newaxis, ..., np.newaxis]
    np.testing.assert_allclose(
        served.predict(film, verbose=0), network.predict(shown, verbose=0), atol=1e-5
    )
