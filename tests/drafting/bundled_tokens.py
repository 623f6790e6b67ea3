"""How many tokens the bundled model reads: its own tokenizer, from the head of its file, without the model.

Format: GGUF (github.com/ggml-org/ggml/blob/master/docs/gguf.md); pre-tokenizer: llama.cpp's `smollm`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, BinaryIO

from tokenizers import Tokenizer, models, pre_tokenizers

from service.models.bundled import MODEL_FILES, without_control_tokens
from service.models.calls import Message
from tests.conftest import MODELS

PER_MESSAGE = 5
"""`<|im_start|>`, the role, a line's end, `<|im_end|>`, a line's end."""
FOR_THE_REPLY = 4
"""What opens the reply that is asked for."""
_NUMBERS = "BbHhIif?"
_LONG_NUMBERS = {10: "Q", 11: "q", 12: "d"}
_TEXT, _ARRAY = 8, 9


def tokens_of(messages: Sequence[Message]) -> int:
    """Tokens of a prompt, with what the model's template puts around it."""
    texts = [without_control_tokens(message.content) for message in messages]
    return sum(len(_tokenizer().encode(text).ids) for text in texts) + PER_MESSAGE * len(texts) + FOR_THE_REPLY


@cache
def _tokenizer() -> Tokenizer:
    with (MODELS / MODEL_FILES["local/SmolLM2-135M-Instruct"]).open("rb") as file:
        file.seek(16)
        facts = {_read(file, _TEXT): _read(file) for _ in range(_read(file, 10))}
    vocabulary = {token: number for number, token in enumerate(facts["tokenizer.ggml.tokens"])}
    merges = [tuple(pair.split(" ")) for pair in facts["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


def _read(file: BinaryIO, kind: int | None = None) -> Any:
    """The next value of a kind; where none is given, the kind stands before it."""
    kind = _read(file, 4) if kind is None else kind
    if kind == _TEXT:
        return file.read(_read(file, 10)).decode()
    if kind == _ARRAY:
        of, count = _read(file, 4), _read(file, 10)
        return [_read(file, of) for _ in range(count)]
    sign = "<" + (_LONG_NUMBERS.get(kind) or _NUMBERS[kind])
    return struct.unpack(sign, file.read(struct.calcsize(sign)))[0]
