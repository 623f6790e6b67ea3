"""Layers of an encoder in files: read out of the bundled model, and written for ONNX Runtime.

Weights are int8 with a scale a column in both, turned into float32 where they are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADS, DIMENSION = 12, 384
EPSILON = 1e-12
Array = NDArray[np.float32]
Layer = Mapping[str, Array]
"""`qkv` (d, 3d), `output` (d, d), `inner` (d, 4d), `outer` (4d, d), each with `_bias`; `norm_1`, `norm_2` with `_bias`."""


def read(model: Path, numbers: Sequence[int]) -> list[Layer]:
    """Some layers of the bundled model, counted from 0."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(model)).graph
    held = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    biases = {
        other: bias
        for node in graph.node
        if node.op_type == "Add"
        for bias, other in (tuple(node.input), tuple(reversed(node.input)))
        if bias.endswith(".bias") and bias in held
    }
    matrices = {
        biases[node.output[0]]: held[f"{node.input[1]}_q"].astype(np.float32) * held[f"{node.input[1]}_scale"]
        for node in graph.node
        if node.op_type == "MatMul" and f"{node.input[1]}_q" in held
    }
    return [_layer(f"inner.encoder.layer.{number}.", held, matrices) for number in numbers]


def _layer(prefix: str, held: Mapping[str, NDArray[Any]], matrices: Mapping[str, Array]) -> Layer:
    three = [f"{prefix}attention.self.{name}.bias" for name in ("query", "key", "value")]
    found = {
        "qkv": np.concatenate([matrices[name] for name in three], axis=1),
        "qkv_bias": np.concatenate([held[name] for name in three]),
    }
    for name, theirs in (("output", "attention.output"), ("inner", "intermediate"), ("outer", "output")):
        bias = f"{prefix}{theirs}.dense.bias"
        found |= {name: matrices[bias], f"{name}_bias": held[bias]}
    for name, theirs in (("norm_1", "attention.output"), ("norm_2", "output")):
        norm = f"{prefix}{theirs}.LayerNorm"
        found |= {name: held[f"{norm}.weight"], f"{name}_bias": held[f"{norm}.bias"]}
    return found


def quantised(weights: Array) -> tuple[NDArray[np.int8], Array]:
    """(int8 weights, scale of each column): the nearest that int8 can say."""
    scale = np.maximum(np.abs(weights).max(axis=0, keepdims=True), 1e-12).astype(np.float32) / 127
    return np.round(weights / scale).astype(np.int8), scale


class _Graph:
    """Nodes and weights, named in their order."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def do(self, operation: str, *inputs: str, **how: Any) -> str:
        from onnx import helper

        name = how.pop("name", f"v{len(self.nodes)}")
        self.nodes.append(helper.make_node(operation, list(inputs), [name], **how))
        return str(name)

    def hold(self, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def matrix(self, weights: Array) -> str:
        from onnx import TensorProto

        few, scale = quantised(weights)
        return self.do("Mul", self.do("Cast", self.hold(few), to=TensorProto.FLOAT), self.hold(scale))

    def linear(self, states: str, layer: Layer, name: str) -> str:
        product = self.do("MatMul", states, self.matrix(layer[name]))
        return self.do("Add", product, self.hold(layer[f"{name}_bias"]))

    def normed(self, states: str, layer: Layer, name: str) -> str:
        return self.do(
            "LayerNormalization", states, self.hold(layer[name]), self.hold(layer[f"{name}_bias"]), axis=-1,
            epsilon=EPSILON,
        )  # fmt: skip


def write(layers: Sequence[Layer], path: Path) -> None:
    """A model of `states` (rows, tokens, dimension) and `bias` (rows, 1, 1, tokens), added to what tokens attend to."""
    from onnx import TensorProto, helper, save

    graph = _Graph()
    states = "states"
    for layer in layers:
        states = graph.normed(graph.do("Add", states, _attention(graph, states, layer)), layer, "norm_1")
        states = graph.normed(graph.do("Add", states, _forward(graph, states, layer)), layer, "norm_2")
    graph.do("Identity", states, name="adapted")
    told: dict[str, list[str | int | None]] = {
        "states": ["rows", "tokens", DIMENSION],
        "bias": ["rows", 1, 1, "tokens"],
    }
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in told.items()]
    outputs = [helper.make_tensor_value_info("adapted", TensorProto.FLOAT, told["states"])]
    made = helper.make_graph(graph.nodes, "adapted_layers", inputs, outputs, graph.weights)
    save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def _attention(graph: _Graph, states: str, layer: Layer) -> str:
    size = DIMENSION // HEADS
    apart = graph.do("Reshape", graph.linear(states, layer, "qkv"), graph.hold(np.array([0, 0, 3, HEADS, size])))
    by_head = graph.do("Transpose", apart, perm=[2, 0, 3, 1, 4])
    query, key, value = (graph.do("Gather", by_head, graph.hold(np.array(n)), axis=0) for n in range(3))
    alike = graph.do("MatMul", query, graph.do("Transpose", key, perm=[0, 1, 3, 2]))
    scaled = graph.do("Mul", alike, graph.hold(np.array(size**-0.5, np.float32)))
    shares = graph.do("Softmax", graph.do("Add", scaled, "bias"), axis=-1)
    joined = graph.do("Transpose", graph.do("MatMul", shares, value), perm=[0, 2, 1, 3])
    return graph.linear(graph.do("Reshape", joined, graph.hold(np.array([0, 0, DIMENSION]))), layer, "output")


def _forward(graph: _Graph, states: str, layer: Layer) -> str:
    """The two linear maps with the exact GELU between them."""
    inner = graph.linear(states, layer, "inner")
    bent = graph.do("Erf", graph.do("Div", inner, graph.hold(np.array(np.sqrt(2.0), np.float32))))
    half = graph.do("Mul", inner, graph.do("Add", bent, graph.hold(np.array(1.0, np.float32))))
    return graph.linear(graph.do("Mul", half, graph.hold(np.array(0.5, np.float32))), layer, "outer")
