import numpy as np
import pytest

from covidxray_api.training.data.sources import LATERAL
from covidxray_api.training.gate.examples import ExampleBatches, Examples, even, examples_of
from covidxray_api.training.gate.rules import KINDS
from covidxray_api.training.gate.synthetic_negatives import SIDE


@pytest.fixture
def examples() -> Examples:
    rng = np.random.default_rng(0)
    radiographs = rng.integers(0, 256, (12, 64, 64)).astype(np.uint8)
    others = [rng.integers(0, 256, (50, 70)).astype(np.uint8) for _ in range(6)]
    kinds = np.array(["knee", "knee", LATERAL, "hand", "hand", LATERAL])
    return examples_of(radiographs, np.array(["here"] * 8 + ["there"] * 4), others, kinds)


def test_laterals_stand_apart(examples: Examples) -> None:
    assert examples.radiographs.shape == (12, SIDE, SIDE)
    assert examples.laterals.shape == (2, SIDE, SIDE)
    assert examples.kinds.tolist() == ["knee", "knee", "hand", "hand"]


def test_what_is_left_out_is_gone(examples: Examples) -> None:
    assert set(examples.without(["knee"]).kinds) == {"hand"}
    assert len(examples.without(["knee"]).others) == 2
    assert len(examples.without([LATERAL]).laterals) == 0
    left = examples.without(["there"])
    assert set(left.sources) == {"here"}
    assert len(left.radiographs) == 8
    assert len(examples.without([]).radiographs) == 12


def test_a_batch_depends_on_seed_epoch_and_number_alone(examples: Examples) -> None:
    one, two = (ExampleBatches(examples, (32, 32), 3, 16, seed=1) for _ in range(2))
    np.testing.assert_array_equal(one[1][0], two[1][0])
    assert not np.array_equal(one[1][0], one[2][0])
    two.on_epoch_end()
    assert not np.array_equal(one[1][0], two[1][0])


def test_turn_and_inversion_count_for_frontal_radiographs_alone(examples: Examples) -> None:
    tensor, targets, weights = ExampleBatches(examples, (32, 32), 1, 200, seed=1)[0]
    assert tensor.shape == (200, 32, 32, 1)
    assert tensor.min() >= 0
    assert tensor.max() <= 1
    assert set(targets["kind"]) == set(range(len(KINDS)))
    assert set(targets["rotation"]) == {0, 1, 2, 3}
    frontal = targets["kind"] == KINDS.index("frontal")
    np.testing.assert_array_equal(weights["rotation"], frontal)
    np.testing.assert_array_equal(weights["inverted"], frontal)
    np.testing.assert_array_equal(weights["kind"], 1)


def test_without_lateral_radiographs_none_is_asked_for(examples: Examples) -> None:
    _, targets, _ = ExampleBatches(examples.without([LATERAL]), (32, 32), 1, 200, seed=1)[0]
    assert KINDS.index("lateral") not in targets["kind"]


def test_names_weigh_as_a_power_of_their_count() -> None:
    names = np.array(["a"] * 9 + ["b"])
    for power, share in ((0.0, 0.5), (0.5, 0.75), (1.0, 0.9)):
        weights = even(names, power)
        assert weights.sum() == pytest.approx(1)
        assert weights[:9].sum() == pytest.approx(share)
