from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from service.models.embedder import WORD_TABLE
from service.models.onnx_graph import rows_before_floats, without_nan_guards
from tests.furnished import MODELS

FILE = MODELS / "all-MiniLM-L6-v2-int8.onnx"


def session(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("change", [partial(rows_before_floats, table=WORD_TABLE), without_nan_guards])
def test_the_changed_graph_computes_the_same_numbers(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    lean = tmp_path / "lean.onnx"
    changed = change(FILE.read_bytes())
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
    guarded_no_more = without_nan_guards(model)
    assert b"IsNaN" in model and b"IsNaN" not in guarded_no_more
    assert without_nan_guards(guarded_no_more) is guarded_no_more
    assert without_nan_guards(b"") == b""
