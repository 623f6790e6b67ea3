from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from service.corpus.vectors import VectorStore
from service.errors import AlreadyOpen, InvalidInput, StoreUnavailable
from service.settings import Settings
from tests.corpus.conftest import WordEmbedder

MakeSettings = Callable[..., Settings]

NAMES = [f"id{n}" for n in range(700)]


@pytest.fixture(params=["embedded", "server"])
def store(request: pytest.FixtureRequest, make_settings: MakeSettings) -> Iterator[VectorStore]:
    url = request.getfixturevalue("server") if request.param == "server" else ""
    opened = VectorStore(make_settings(chroma_url=url))
    opened.check()
    yield opened
    opened.drop("camp.passages.1")
    opened.close()


def unit(rows: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    made = np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_vectors_come_back_by_query_and_by_id(store: VectorStore) -> None:
    made = unit(700)
    store.upsert("camp.passages.1", NAMES, made)
    assert store.count("camp.passages.1") == 700
    hits = store.query("camp.passages.1", made[5:7], 3)
    assert [row[0].id for row in hits] == ["id5", "id6"]
    assert hits[0][0].score == pytest.approx(1, abs=1e-4)
    assert hits[0][0].score >= hits[0][1].score
    kept = store.fetch("camp.passages.1", ["id9", "nobody"])
    assert list(kept) == ["id9"] and float(kept["id9"] @ made[9]) == pytest.approx(1, abs=2e-5)
    assert store.present("camp.passages.1", ["id1", "nobody"]) == {"id1"}
    assert sorted(id_ for page in store.ids("camp.passages.1") for id_ in page) == sorted(NAMES)


def test_an_id_that_exists_gets_the_new_vector(store: VectorStore) -> None:
    store.upsert("camp.passages.1", NAMES[:2], unit(2))
    store.upsert("camp.passages.1", NAMES[:1], unit(1, seed=9))
    assert store.count("camp.passages.1") == 2
    assert store.query("camp.passages.1", unit(1, seed=9), 1)[0][0].id == "id0"


@pytest.mark.parametrize("seed", [1, 6, 10, 11])
def test_vectors_near_one_another_that_are_written_again_are_all_found(store: VectorStore, seed: int) -> None:
    made = WordEmbedder().embed(
        [f"How long to stay in role {n}? I joined {n} months ago." for n in range(60)]
        + [f"Stay until project {n} has shipped." for n in range(60)]
    )
    chance = random.Random(seed)
    order = chance.sample(range(120), 120)
    for start in range(0, 120, 8):
        for part in (order[start : start + 8], chance.sample(order[: start + 8], 8)):
            store.upsert("camp.passages.1", [NAMES[n] for n in part], made[part])
    nearest = store.query("camp.passages.1", made, 1)
    assert [row[0].score for row in nearest] == pytest.approx([1] * 120, abs=1e-4)


@pytest.mark.parametrize("copies", [130, 400])
def test_a_wave_of_one_text_hides_no_other(store: VectorStore, copies: int) -> None:
    chance = np.random.default_rng(copies)
    centre = chance.normal(size=384)
    others = centre + 0.7 * chance.normal(size=(60, 384))
    made = np.concatenate([others[:30], np.tile(centre, (copies, 1)), others[30:]]).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    names = [f"v{n}" for n in range(len(made))]
    for start in range(0, len(made), 30):
        store.upsert("camp.passages.1", names[start : start + 30], made[start : start + 30])
    mine = [*range(30), *range(30 + copies, len(made))]
    assert [row[0].id for row in store.query("camp.passages.1", made[mine], 1)] == [names[n] for n in mine]


def test_deleting_removes_and_passes_over_what_is_not_there(store: VectorStore) -> None:
    store.upsert("camp.passages.1", NAMES[:3], unit(3))
    store.delete("camp.passages.1", ["id0", "nobody"])
    store.delete("camp.nowhere.1", ["id0"])
    assert store.present("camp.passages.1", NAMES[:3]) == {"id1", "id2"}
    assert "id0" not in {hit.id for hit in store.query("camp.passages.1", unit(3), 3)[0]}


def test_a_collection_that_does_not_exist_finds_nothing(store: VectorStore) -> None:
    assert store.query("camp.passages.9", unit(2), 5) == [[], []]
    assert store.count("camp.passages.9") == 0
    assert store.fetch("camp.passages.9", ["a"]) == {}
    assert list(store.ids("camp.passages.9")) == []
    store.drop("camp.passages.9")


def test_a_dropped_collection_is_gone(store: VectorStore) -> None:
    store.upsert("camp.passages.1", NAMES[:3], unit(3))
    store.drop("camp.passages.1")
    assert store.query("camp.passages.1", unit(1), 5) == [[]]


def test_a_collection_dropped_by_another_process_finds_nothing(server: str, make_settings: MakeSettings) -> None:
    here, there = (VectorStore(make_settings(chroma_url=server)) for _ in range(2))
    here.upsert("camp.passages.7", NAMES[:3], unit(3))
    there.drop("camp.passages.7")
    assert here.query("camp.passages.7", unit(1), 5) == [[]]
    here.close()
    there.close()


def test_a_second_process_is_refused_and_told_who_holds_the_folder(make_settings: MakeSettings) -> None:
    settings = make_settings(port=8123)
    holder = VectorStore(settings)
    code = (
        "import sys; from service.settings import Settings; from service.corpus.vectors import VectorStore\n"
        "from service.errors import AlreadyOpen\n"
        f"try: VectorStore(Settings(_env_file=None, data_dir={str(settings.data_dir)!r}))\n"
        "except AlreadyOpen as refused: print(refused.detail); sys.exit(refused.exit_code)"
    )
    tried = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert tried.returncode == 4
    assert json.loads((settings.data_dir / "chroma.lock").read_text())["url"] == "http://127.0.0.1:8123"
    assert "http://127.0.0.1:8123" in tried.stdout
    assert "process" in tried.stdout
    holder.close()
    holder.close()
    VectorStore(settings).close()


def test_vectors_survive_closing_and_opening(make_settings: MakeSettings) -> None:
    first = VectorStore(make_settings())
    first.upsert("camp.passages.1", NAMES[:3], unit(3))
    first.close()
    again = VectorStore(make_settings())
    assert again.query("camp.passages.1", unit(1), 1)[0][0].id == "id0"
    again.close()


def test_a_server_that_does_not_answer_is_unavailable(make_settings: MakeSettings) -> None:
    store = VectorStore(make_settings(chroma_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailable):
        store.query("camp.passages.1", unit(1), 1)
    with pytest.raises(InvalidInput, match="not the address"):
        VectorStore(make_settings(chroma_url="chroma")).check()


def test_a_process_can_hold_the_lock_only_once(make_settings: MakeSettings) -> None:
    holder = VectorStore(make_settings())
    with pytest.raises(AlreadyOpen):
        VectorStore(make_settings())
    holder.close()
