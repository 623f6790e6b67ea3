from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from service.models.embedder import WORD_TABLE
from service.models.onnx_graph import rows_before_floats
from tests.furnished import MODELS

FILE = MODELS / "all-MiniLM-L6-v2-int8.onnx"


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def test_the_graph_that_looks_rows_up_first_computes_the_same_numbers(tmp_path: Path) -> None:
    lean = tmp_path / "lean.onnx"
    changed = rows_before_floats(FILE.read_bytes(), WORD_TABLE)
    lean.write_bytes(changed)
    ids = np.random.default_rng(3).integers(0, 30_522, (3, 41))
    mask = np.ones_like(ids)
    mask[1, 20:] = 0
    feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    before, after = (session(path).run(None, feeds)[0] for path in (FILE, lean))
    assert changed != FILE.read_bytes()
    assert np.array_equal(before, after)


def test_a_model_of_another_form_is_left_as_it_is() -> None:
    model = FILE.read_bytes()
    assert rows_before_floats(model, "no such table") is model
    once = rows_before_floats(model, WORD_TABLE)
    assert rows_before_floats(once, WORD_TABLE) is once
    assert rows_before_floats(b"", WORD_TABLE) == b""
