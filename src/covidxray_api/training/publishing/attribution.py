"""Adding to a compiled network the output that an explanation is drawn from.

HiResCAM (Draelos & Carin 2020, eq. 5): the gradient of a label's logit with respect to a feature
map, times the map, summed over channels. The gradient is written into the graph as nodes that run
the layers backwards and share their weights, so that serving needs neither TensorFlow nor a second
file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from covidxray_api.inference.onnx import CONTRAST, EVIDENCE

LEAST_SIDE = 14
"""Least height of the feature map, in cells: the deepest one that fine is explained. A coarser one
is blind to where viral pneumonia is seen; see docs/experiments.md."""


def add_evidence(path: Path) -> None:
    """Add the input `CONTRAST` and the output `EVIDENCE` to a compiled network, in its file.

    Parameters
    ----------
    path : Path
        A network that ends in a softmax, with nothing but convolutions, sums, scales, ReLUs (also
        bounded ones), averages and a dense layer behind a fine feature map. Any other is left as it
        is: it has no map.
    """
    model = onnx.load(path)
    if not _Backward(model).write():
        return
    onnx.checker.check_model(model)
    onnx.save(model, path)


class _Backward:
    """The reverse pass over one graph."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._weights = {each.name: each for each in self._graph.initializer}
        inferred = onnx.shape_inference.infer_shapes(model).graph
        self._shapes = {
            value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
            for value in (*inferred.input, *inferred.value_info, *inferred.output)
        }
        self._forward = list(self._graph.node)
        self._backward: list[onnx.NodeProto] = []
        self._gradients: dict[str, str] = {}
        self._passes: dict[str, Callable[[onnx.NodeProto, str], None]] = {
            "Add": self._through_sum,
            "AveragePool": self._through_pooling,
            "Clip": self._through_clip,
            "Conv": self._through_convolution,
            "GlobalAveragePool": self._through_mean,
            "MatMul": self._through_product,
            "Mul": self._through_scale,
            "Relu": self._through_relu,
            "Squeeze": self._through_squeeze,
        }

    def write(self) -> bool:
        """Append the reverse pass, from the logits to a feature map; False if there can be none."""
        graph, softmax = self._graph, self._forward[-1]
        features = self._fine_features()
        if softmax.op_type != "Softmax" or features is None:
            return False
        classes = self._shapes[softmax.output[0]][1]
        self._add_constant(CONTRAST, np.zeros((1, classes), np.float32))
        graph.input.append(
            helper.make_tensor_value_info(CONTRAST, onnx.TensorProto.FLOAT, [None, classes])
        )
        self._gradients[softmax.input[0]] = CONTRAST
        # Whatever uses a value stands behind it, so its gradient is whole once it is reached.
        for node in reversed(self._forward[:-1]):
            if node.output[0] == features:
                break
            self._passes[node.op_type](node, self._gradients[node.output[0]])
        weighed = self._append("Mul", [features, self._gradients[features]])
        axes = self._add_constant("evidence_axes", np.array([1], np.int64))
        summed = self._append("ReduceSum", [weighed, axes], keepdims=0)
        self._only_if_asked(summed, self._shapes[features][2:])
        return True

    def _fine_features(self) -> str | None:
        """Return the deepest feature map that is fine enough, if what follows can be reversed."""
        for node in reversed(self._forward[:-1]):
            if node.op_type not in self._passes:
                return None
            name: str = node.output[0]
            shape = self._shapes[name]
            if node.op_type in {"Clip", "Relu"} and len(shape) == 4 and shape[2] >= LEAST_SIDE:
                return name
        return None

    def _only_if_asked(self, evidence: str, cells: list[int]) -> None:
        """Run the reverse pass where there is a contrast: a prediction does not pay for it."""
        graph = self._graph
        value = helper.make_tensor_value_info(evidence, onnx.TensorProto.FLOAT, [None, *cells])
        asked = helper.make_graph(self._backward, "asked", [], [value])
        nothing = numpy_helper.from_array(np.zeros((1, *cells), np.float32), "nothing")
        none = helper.make_node("Constant", [], ["nothing"], value=nothing)
        value = helper.make_tensor_value_info("nothing", onnx.TensorProto.FLOAT, [1, *cells])
        other = helper.make_graph([none], "not_asked", [], [value])
        graph.node.extend(
            [
                helper.make_node("Abs", [CONTRAST], ["contrast_size"]),
                helper.make_node("ReduceMax", ["contrast_size"], ["contrast_most"], keepdims=0),
                helper.make_node("Cast", ["contrast_most"], ["asked"], to=onnx.TensorProto.BOOL),
                helper.make_node("If", ["asked"], [EVIDENCE], then_branch=asked, else_branch=other),
            ]
        )
        graph.output.append(
            helper.make_tensor_value_info(EVIDENCE, onnx.TensorProto.FLOAT, [None, *cells])
        )

    def _append(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"backward_{len(self._backward)}"
        self._backward.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _add_constant(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self._graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def _gather(self, name: str, gradient: str) -> None:
        """Note the gradient of a value, or add it to what another use of it has brought."""
        known = self._gradients.get(name)
        self._gradients[name] = self._append("Add", [known, gradient]) if known else gradient

    def _through_sum(self, node: onnx.NodeProto, gradient: str) -> None:
        for name in node.input:
            if name not in self._weights:
                self._gather(name, gradient)

    def _through_relu(self, node: onnx.NodeProto, gradient: str) -> None:
        # What comes out is positive just where what goes in was.
        passed = self._append("Sign", [node.output[0]])
        self._gather(node.input[0], self._append("Mul", [gradient, passed]))

    def _through_clip(self, node: onnx.NodeProto, gradient: str) -> None:
        # What comes out lies between the bounds just where what goes in did.
        output, (least, most) = node.output[0], node.input[1:]
        above = self._append("Sub", [output, least])
        below = self._append("Sub", [most, output])
        passed = self._append("Sign", [self._append("Mul", [above, below])])
        self._gather(node.input[0], self._append("Mul", [gradient, passed]))

    def _through_scale(self, node: onnx.NodeProto, gradient: str) -> None:
        (scale,) = (name for name in node.input if name in self._weights)
        (value,) = (name for name in node.input if name not in self._weights)
        self._gather(value, self._append("Mul", [gradient, scale]))

    def _through_product(self, node: onnx.NodeProto, gradient: str) -> None:
        turned = numpy_helper.to_array(self._weights[node.input[1]]).T.copy()
        name = self._add_constant(f"{node.input[1]}_turned", turned)
        self._gather(node.input[0], self._append("MatMul", [gradient, name]))

    def _through_squeeze(self, node: onnx.NodeProto, gradient: str) -> None:
        self._gather(node.input[0], self._append("Unsqueeze", [gradient, node.input[1]]))

    def _through_mean(self, node: onnx.NodeProto, gradient: str) -> None:
        height, width = self._shapes[node.input[0]][2:]
        share = np.full((1, 1, height, width), 1 / (height * width), np.float32)
        name = self._add_constant(f"{node.output[0]}_share", share)
        self._gather(node.input[0], self._append("Mul", [gradient, name]))

    def _through_convolution(self, node: onnx.NodeProto, gradient: str) -> None:
        kernel = self._weights[node.input[1]].dims[2]
        groups = next((each.i for each in node.attribute if each.name == "group"), 1)
        self._transposed(node, gradient, node.input[1], kernel, groups)

    def _through_pooling(self, node: onnx.NodeProto, gradient: str) -> None:
        channels, height, width = self._shapes[node.input[0]][1:]
        settings = _attributes(node)
        kernel = settings["kernel_shape"][0]

        def cells(axis: int, size: int) -> NDArray[np.intp]:
            """Return how many cells each window has averaged: fewer over the edge."""
            count = self._shapes[node.output[0]][2 + axis]
            start = settings["strides"][axis] * np.arange(count) - settings["pads"][axis]
            covered: NDArray[np.intp] = np.minimum(start + kernel, size) - np.maximum(start, 0)
            return covered

        high, wide = cells(0, height), cells(1, width)
        share = (1 / np.outer(high, wide)).astype(np.float32)[np.newaxis, np.newaxis]
        each = self._append("Mul", [gradient, self._add_constant(f"{node.output[0]}_share", share)])
        ones = np.ones((channels, 1, kernel, kernel), np.float32)
        spread = self._add_constant(f"{node.output[0]}_spread", ones)
        self._transposed(node, each, spread, kernel, groups=channels)

    def _transposed(
        self, node: onnx.NodeProto, gradient: str, weights: str, kernel: int, groups: int
    ) -> None:
        settings = _attributes(node)
        pads, strides = settings.get("pads", [0, 0, 0, 0]), settings["strides"]
        (before, after) = self._shapes[node.input[0]][2:], self._shapes[node.output[0]][2:]
        missing = [
            before[axis]
            - ((after[axis] - 1) * strides[axis] + kernel)
            + pads[axis]
            + pads[axis + 2]
            for axis in (0, 1)
        ]
        # Rows that no window reached get no gradient; those of the padding are dropped.
        self._gather(
            node.input[0],
            self._append(
                "ConvTranspose",
                [gradient, weights],
                pads=pads,
                strides=strides,
                output_padding=missing,
                group=groups,
            ),
        )


def _attributes(node: onnx.NodeProto) -> dict[str, list[int]]:
    return {each.name: list(each.ints) for each in node.attribute}
