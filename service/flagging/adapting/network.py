"""The adapted layers while they learn: two transformer layers with a linear reader of sentences on top (PyTorch).

Each sentence is the mean of its tokens' states. A category's loss is the cross-entropy of its sentences, and of the strongest
sentence of a post; rare categories weigh more, by the root of how rare they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from service.flagging.adapting.layers_file import DIMENSION, EPSILON, HEADS, Layer
from service.flagging.adapting.rows import Row
from service.flagging.policy import CATEGORIES

EPOCHS, RATE, HEAD_RATE, DECAY, DROPPED, WARMING = 3, 2e-4, 4e-3, 0.01, 0.1, 0.06
TOKENS = 4_096
"""Padded tokens of one step."""
SENTENCES_WEIGH = 3.0
MOST = 200.0
"""The most that a rare category's positive weighs."""
States = dict[str, list[Tensor]]
"""Of each row, by its id, the states below the adapted layers of each of its windows: (tokens, dimension)."""


class _Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, initial: Layer) -> None:
        super().__init__()
        self.held = nn.ParameterDict({name: nn.Parameter(torch.tensor(array)) for name, array in initial.items()})

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        rows, tokens, _ = states.shape
        by_head = self._linear(states, "qkv").view(rows, tokens, 3, HEADS, DIMENSION // HEADS).permute(2, 0, 3, 1, 4)
        dropped = DROPPED if self.training else 0.0
        seen = functional.scaled_dot_product_attention(*by_head, attn_mask=mask, dropout_p=dropped)
        seen = self._linear(seen.transpose(1, 2).reshape(states.shape), "output")
        states = self._norm(states + functional.dropout(seen, DROPPED, self.training), "norm_1")
        made = self._linear(functional.gelu(self._linear(states, "inner")), "outer")
        return self._norm(states + functional.dropout(made, DROPPED, self.training), "norm_2")

    def _linear(self, states: Tensor, name: str) -> Tensor:
        return states @ self.held[name] + self.held[f"{name}_bias"]

    def _norm(self, states: Tensor, name: str) -> Tensor:
        return functional.layer_norm(states, (DIMENSION,), self.held[name], self.held[f"{name}_bias"], EPSILON)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """As `layers_file` writes them."""
        return {name: value.detach().float().numpy() for name, value in self.held.items()}


@dataclass(frozen=True)
class Batch:
    """Rows padded to one length: `states` (windows, tokens, dimension), `mask`; and of each sentence its `place` (window,
    first token, end) and the row it `belongs` to."""

    rows: Sequence[Row]
    states: Tensor
    mask: Tensor
    place: Tensor
    belongs: Tensor


class Network(nn.Module):  # type: ignore[misc]
    """Layers and the reader of their sentences."""

    def __init__(self, initial: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(layer) for layer in initial)
        self.reader = nn.Linear(DIMENSION, len(CATEGORIES))
        nn.init.zeros_(self.reader.weight)
        nn.init.constant_(self.reader.bias, -2.0)

    def forward(self, batch: Batch) -> Tensor:
        """(sentences, categories), as log-odds."""
        states = batch.states
        with torch.autocast("cpu", torch.bfloat16):
            for layer in self.layers:
                states = layer(states, batch.mask[:, None, None, :])
        summed = functional.pad(states.float().cumsum(1), (0, 0, 1, 0))
        window, first, end = batch.place.unbind(1)
        mean = (summed[window, end] - summed[window, first]) / (end - first)[:, None]
        said: Tensor = self.reader(functional.dropout(mean, DROPPED, self.training))
        return said


def batches(rows: Sequence[Row], states: States, rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """Rows of like lengths together, all windows of a row in one; in random order with `rng`."""
    lengths = [max(len(ids) for ids, _ in row.windows) for row in rows]
    jitter = rng.random(len(rows)) * 20 if rng is not None else np.zeros(len(rows))
    groups: list[list[Row]] = [[]]
    longest = count = 0
    for n in np.argsort(np.array(lengths) + jitter, kind="stable"):
        more = len(rows[n].windows)
        if groups[-1] and max(longest, lengths[n]) * (count + more) > TOKENS:
            groups.append([])
            longest = count = 0
        groups[-1].append(rows[n])
        longest, count = max(longest, lengths[n]), count + more
    order = rng.permutation(len(groups)) if rng is not None else range(len(groups))
    return (_batch(groups[n], states) for n in order if groups[n])


def _batch(rows: Sequence[Row], states: States) -> Batch:
    found = [one for row in rows for one in states[row.id]]
    lengths = torch.tensor([len(one) for one in found])
    mask = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    window, place, belongs = 0, [], []
    for number, row in enumerate(rows):
        for _, spans in row.windows:
            place += [(window, start, end) for start, end in spans]
            belongs += [number] * len(spans)
            window += 1
    padded = nn.utils.rnn.pad_sequence(found, batch_first=True)
    return Batch(rows, padded, mask, torch.tensor(place), torch.tensor(belongs))


def fit(
    rows: Sequence[Row], states: States, initial: Sequence[Layer], seed: int, tell: Callable[[str], None]
) -> Network:
    """A network that has learnt from the rows."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(initial)
    of_sentences = _rarity([(row.sentences, row.known) for row in rows])
    of_posts = _rarity([(row.whole[None, :], row.known) for row in rows if not row.single])
    parts = [{"params": network.layers.parameters()}, {"params": network.reader.parameters()}]
    optimiser = torch.optim.AdamW(parts, lr=RATE, weight_decay=DECAY)
    steps, step = EPOCHS * len(list(batches(rows, states))), 0
    for epoch in range(EPOCHS):
        whole = 0.0
        for batch in batches(rows, states, rng):
            share = min(1.0, (step + 1) / (WARMING * steps)) * max(0.0, 1 - step / steps)
            for group, rate in zip(optimiser.param_groups, (RATE, HEAD_RATE), strict=True):
                group["lr"] = rate * share
            loss = _loss(network(batch), batch, of_sentences, of_posts)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            whole, step = whole + float(loss.detach()), step + 1
        tell(f"epoch {epoch + 1} of {EPOCHS}: loss {whole * EPOCHS / steps:.4f}")
    network.eval()
    return network


def _rarity(labels: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Tensor:
    """(categories,): what a positive weighs."""
    shown = np.sum([(true * known).sum(axis=0) for true, known in labels], axis=0)
    others = np.sum([((1 - true) * known).sum(axis=0) for true, known in labels], axis=0)
    return torch.tensor(np.minimum(np.sqrt(others / np.maximum(shown, 1)), MOST), dtype=torch.float32)


def _loss(said: Tensor, batch: Batch, of_sentences: Tensor, of_posts: Tensor) -> Tensor:
    true = torch.tensor(np.concatenate([row.sentences for row in batch.rows]))
    known = torch.tensor(np.stack([row.known for row in batch.rows]))
    posts = torch.tensor([[0.0 if row.single else 1.0] for row in batch.rows])
    whole = torch.tensor(np.stack([row.whole for row in batch.rows]))
    loss = SENTENCES_WEIGH * _entropy(said, true, known[batch.belongs], of_sentences) / len(said)
    return loss + _entropy(strongest(said, batch), whole, known * posts, of_posts) / max(1.0, float(posts.sum()))


def _entropy(said: Tensor, true: Tensor, weight: Tensor, rarity: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(said, true, reduction="none")
    return (each * weight * torch.where(true > 0, rarity, 1.0)).sum() / len(CATEGORIES)


def strongest(said: Tensor, batch: Batch) -> Tensor:
    """(rows, categories): what the strongest sentence of each says."""
    lowest = torch.full((len(batch.rows), said.shape[1]), -1e9)
    return lowest.scatter_reduce(0, batch.belongs[:, None].expand_as(said), said, "amax")


def read(network: Network, rows: Sequence[Row], states: States) -> dict[str, NDArray[np.float32]]:
    """What the strongest sentence of each row says, (categories,), by the row's id."""
    found = {}
    with torch.no_grad():
        for batch in batches(rows, states):
            for row, said in zip(batch.rows, strongest(network(batch), batch), strict=True):
                found[row.id] = said.numpy()
    return found
