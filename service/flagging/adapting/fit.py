"""Fits the adapted layers: `python -m service.flagging.adapting.fit --data FOLDER`, with PyTorch and ONNX installed beside the project.

From the labelled posts and texts that the flag reader is fitted on, and the posts written near the borders. Writes the layers
(`models/adapted_layers.onnx`), the linear reader on top of them, and what readers fitted without a fold's voices say of its
posts: `python -m service.flagging.fit`, to be run next, combines that with what the other readers say. An hour on two cores that
multiply bfloat16, longer on others.

With `--keep-folds` the layers alone are fitted, in a fifth of the time: what was said out of fold stays, and posts that came since are
read by the layers as they were, which have not seen them either.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from service.flagging import adapted_reader
from service.flagging.adapted_reader import WEIGHTS
from service.flagging.adapting import layers_file, network
from service.flagging.adapting.folded import FOLDED, folded
from service.flagging.adapting.rows import Row, fewer_ordinary, in_english, load
from service.flagging.labelled import digest, long_files, more_files, post_files, risk_files, rows_of, text_files
from service.intake.normalise import normalise
from service.intake.post import NewPost
from service.intake.windows import embed_post
from service.models.adapted import FILE, LAYERS, STATES
from service.models.embedder import BundledEmbedder
from service.models.onnx_graph import with_output
from service.settings import Settings

DATASETS, TEXTS = Path("eval/datasets"), Path("service/flagging")
FOLDS, SEED = 4, 0
AT_ONCE = 32
"""Windows of one forward pass through the layers below."""


def states_below(rows: Sequence[Row], model: Path) -> network.States:
    """What the bundled model's lower layers make of each window."""
    session = onnxruntime.InferenceSession(with_output(model.read_bytes(), STATES), providers=["CPUExecutionProvider"])
    windows = sorted(
        ((row.id, n, ids) for row in rows for n, (ids, _) in enumerate(row.windows)), key=lambda one: len(one[2])
    )
    found: dict[str, dict[int, torch.Tensor]] = {row.id: {} for row in rows}
    for start in range(0, len(windows), AT_ONCE):
        part = windows[start : start + AT_ONCE]
        ids = np.zeros((len(part), len(part[-1][2])), np.int64)
        mask = np.zeros_like(ids)
        for place, (_, _, tokens) in enumerate(part):
            ids[place, : len(tokens)], mask[place, : len(tokens)] = tokens, 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        for (row, n, tokens), states in zip(part, session.run([STATES], feeds)[0], strict=True):
            found[row][n] = torch.tensor(states[: len(tokens)], dtype=torch.bfloat16)
    return {row: [of[n] for n in range(len(of))] for row, of in found.items()}


def folds(rows: Sequence[Row]) -> list[list[Row]]:
    """The rows of each fold; a voice is in one."""
    from sklearn.model_selection import GroupKFold

    counted = [row for row in rows if row.folds]
    groups = [row.group for row in counted]
    return [[counted[n] for n in test] for _, test in GroupKFold(FOLDS).split(groups, groups=groups)]


def kept(rows: Sequence[Row], embedder: BundledEmbedder) -> dict[str, NDArray[np.float32]]:
    """What was said out of fold of posts that are still there, and what the layers as they are say of those that came since."""
    said, _ = folded()
    wanted = {row.id for row in rows if row.folds}
    found = {id_: reading for id_, reading in said.items() if id_ in wanted}
    since = wanted - found.keys()
    for told in [told for path in long_files(DATASETS) for told in rows_of(path) if told["id"] in since]:
        if english := in_english(told):
            readable = normalise(NewPost(site="s", external_id="x", title=english["title"], body=english["body"]))
            found[told["id"]] = adapted_reader.read(embed_post(readable, embedder, adapted=True)).max(axis=0)
    if lacking := sorted(wanted - found.keys()):
        raise SystemExit(
            f"{len(lacking)} posts were not read out of fold, the first is {lacking[0]}: fit without --keep-folds"
        )
    return found


def main() -> None:
    """Fit without each fold, then on everything; write layers, reader and what was said out of fold."""
    parser = argparse.ArgumentParser(description="Fit the adapted layers.")
    parser.add_argument("--data", type=Path, required=True, help="folder with se_threads.jsonl")
    parser.add_argument(
        "--keep-folds", action="store_true", help="fit the layers alone; what was said out of fold stays"
    )
    given = parser.parse_args()
    threads = given.data / "se_threads.jsonl"
    embedder = BundledEmbedder(Settings().models_dir)
    rows = load(DATASETS, TEXTS, threads, embedder)
    said = kept(rows, embedder) if given.keep_folds else {}
    embedder.close()
    model = Settings().models_dir / "all-MiniLM-L6-v2-int8.onnx"
    initial, states = layers_file.read(model, LAYERS), states_below(rows, model)
    for number, here in enumerate([] if given.keep_folds else folds(rows)):
        voices = {row.group for row in here}
        rest = fewer_ordinary([row for row in rows if not (row.folds and row.group in voices)], SEED)
        fitted = network.fit(rest, states, initial, SEED, print)
        said |= network.read(fitted, here, states)
        print(f"part {number + 1} of {FOLDS}", flush=True)
    whole = network.fit(fewer_ordinary(rows, SEED), states, initial, SEED, print)
    layers_file.write([layer.arrays() for layer in whole.layers], FILE)
    head = whole.reader
    np.savez(WEIGHTS, weights=head.weight.detach().numpy(), biases=head.bias.detach().numpy())
    files = [path for of in (post_files, risk_files, long_files, more_files) for path in of(DATASETS)] + text_files(
        TEXTS
    )
    names = sorted(said)
    np.savez_compressed(
        FOLDED, posts=names, readings=np.stack([said[name] for name in names]).astype(np.float16), digest=digest(files)
    )
    told = {
        "data": "the labelled posts and texts of service.flagging.fit, posts_to_fit/risk_*, long_* and more_*; 200 ordinary posts",
        "licence": "Apache-2.0; se_threads: CC BY-SA 3.0", "rows": len(rows), "data_sha256": digest([*files, threads]),
        "refit": "python -m service.flagging.adapting.fit --data FOLDER" + " --keep-folds" * given.keep_folds,
    }  # fmt: skip
    WEIGHTS.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
