"""The bundled embedder's graph with less to do: fewer megabytes and milliseconds, the same numbers.

The file stores each weight as int8 with a scale a row and turns whole tables into float32 when it is loaded. Of the word
table (30,522 rows) a text needs a few hundred rows: they are looked up first and turned then, which saves 35 MB. Attention
looks for rows that are all masked, which no text has: without that a window of 256 tokens takes an eighth less. Only names
and nodes change, so the protobuf messages are walked here as far as the nodes; nothing else is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

GRAPH, NODE, GRAPH_OUTPUT = 7, 1, 12
"""Fields of ModelProto and of GraphProto (onnx.proto)."""
INPUT, OUTPUT, NAME, OP_TYPE = 1, 2, 3, 4
"""Fields of NodeProto."""
_GUARD = ("Softmax", "IsNaN", "Where")


class _Field(NamedTuple):
    number: int
    start: int
    value: int
    end: int


def rows_before_floats(model: bytes, table: str) -> bytes:
    """`model` with `Gather(Mul(Cast(q), scale), ids)` of the table `q` = `table` turned into
    `Mul(Cast(Gather(q, ids)), Gather(scale, ids))`. Returned as it is where the graph has another form."""
    graph = next((field for field in _fields(model, 0, len(model)) if field.number == GRAPH), None)
    if graph is None:
        return model
    nodes = [field for field in _fields(model, graph.value, graph.end) if field.number == NODE]
    cast = _reading(model, nodes, "Cast", table)
    scaled = _reading(model, nodes, "Mul", _names(model, cast, OUTPUT)[0]) if cast else None
    gather = _reading(model, nodes, "Gather", _names(model, scaled, OUTPUT)[0]) if scaled else None
    if cast is None or scaled is None or gather is None:
        return model
    scale, ids = _names(model, scaled, INPUT)[1], _names(model, gather, INPUT)[1]
    found = _names(model, gather, OUTPUT)[0]
    rows, floats, scales = (f"{found}/{name}" for name in ("rows", "floats", "scales"))
    made = (
        _renamed(model, gather, [table, ids], rows), _renamed(model, cast, [rows], floats),
        _renamed(model, gather, [scale, ids], scales), _renamed(model, scaled, [floats, scales], found),
    )  # fmt: skip
    return _with_nodes(model, graph, nodes, {gather: b"".join(made), cast: b"", scaled: b""})


def without_nan_guards(model: bytes) -> bytes:
    """`model` with `Softmax(x)` for every `Where(IsNaN(Softmax(x)), 0, Softmax(x))`: a softmax has no number only where a
    row is masked as a whole, and each text has its first token. Returned as it is where the graph has no such guard."""
    graph = next((field for field in _fields(model, 0, len(model)) if field.number == GRAPH), None)
    if graph is None:
        return model
    nodes = [field for field in _fields(model, graph.value, graph.end) if field.number == NODE]
    doing = {operation: [n for n in nodes if _names(model, n, OP_TYPE) == [operation]] for operation in _GUARD}
    made_by = {_names(model, node, OUTPUT)[0]: node for found in doing.values() for node in found}
    changed: dict[_Field, bytes] = {}
    for chosen in doing["Where"]:
        asked, _, shares = _names(model, chosen, INPUT)
        guard, softmax = made_by.get(asked), made_by.get(shares)
        if guard in doing["IsNaN"] and softmax in doing["Softmax"] and _names(model, guard, INPUT) == [shares]:
            changed |= {chosen: b"", guard: b""}
            changed[softmax] = _renamed(model, softmax, _names(model, softmax, INPUT), _names(model, chosen, OUTPUT)[0])
    return _with_nodes(model, graph, nodes, changed) if changed else model


def with_output(model: bytes, name: str) -> bytes:
    """`model` that also answers the float32 value `name` of its graph. Raises ValueError where no node makes it."""
    graph = next((field for field in _fields(model, 0, len(model)) if field.number == GRAPH), None)
    nodes = [field for field in _fields(model, graph.value, graph.end) if field.number == NODE] if graph else []
    if graph is None or not any(name in _names(model, node, OUTPUT) for node in nodes):
        raise ValueError(f"no node of the graph makes {name}")
    float32 = _message(2, _message(1, _varint(1 << 3) + _varint(1)))  # TypeProto.tensor_type.elem_type
    told = _message(GRAPH_OUTPUT, _message(1, name.encode()) + float32)
    return model[: graph.start] + _message(GRAPH, model[graph.value : graph.end] + told) + model[graph.end :]


def _with_nodes(model: bytes, graph: _Field, nodes: list[_Field], changed: dict[_Field, bytes]) -> bytes:
    """`model` with other bytes for some of its graph's nodes."""
    parts = [changed[node] if node in changed else model[node.start : node.end] for node in nodes]
    others = [model[f.start : f.end] for f in _fields(model, graph.value, graph.end) if f.number != NODE]
    return model[: graph.start] + _message(GRAPH, b"".join(parts + others)) + model[graph.end :]


def _reading(model: bytes, nodes: list[_Field], operation: str, name: str) -> _Field | None:
    """The only node that reads `name`, where it is such an operation."""
    readers = [node for node in nodes if name in _names(model, node, INPUT)]
    return readers[0] if len(readers) == 1 and _names(model, readers[0], OP_TYPE) == [operation] else None


def _names(model: bytes, node: _Field, number: int) -> list[str]:
    return [model[f.value : f.end].decode() for f in _fields(model, node.value, node.end) if f.number == number]


def _renamed(model: bytes, node: _Field, inputs: list[str], output: str) -> bytes:
    """The node with other names; its own name goes, which nothing needs."""
    kept = [
        model[f.start : f.end] for f in _fields(model, node.value, node.end) if f.number not in (INPUT, OUTPUT, NAME)
    ]
    names = [_message(INPUT, name.encode()) for name in inputs] + [_message(OUTPUT, output.encode())]
    return _message(NODE, b"".join(names + kept))


def _message(number: int, inside: bytes) -> bytes:
    """A field of the kind that carries its length."""
    return _varint(number << 3 | 2) + _varint(len(inside)) + inside


def _fields(data: bytes, position: int, end: int) -> Iterator[_Field]:
    """The fields of a message between two places."""
    while position < end:
        start = position
        tag, position = _read_varint(data, position)
        value, kind = position, tag & 7
        if kind == 0:
            _, position = _read_varint(data, position)
        elif kind == 2:
            size, value = _read_varint(data, position)
            position = value + size
        else:
            position += 8 if kind == 1 else 4
        yield _Field(tag >> 3, start, value, position)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
