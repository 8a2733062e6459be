"""A folder of tensors: whole or absent, bounded, and shared by processes."""

import multiprocessing
import os
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from medsegr.backbones.trunk_store import PARTIAL, STALE_SECONDS, TrunkStore
from medsegr.errors import OutputError

ROOM = 1e9


def tensors(value: float = 1.0, size: int = 64) -> tuple[Tensor, Tensor]:
    return torch.full((4, size), value, dtype=torch.bfloat16), torch.arange(6.0).view(2, 3)


def same(found: tuple[Tensor, ...] | None, wanted: tuple[Tensor, ...]) -> bool:
    return found is not None and all(
        a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(found, wanted, strict=True)
    )


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    store = TrunkStore(tmp_path / "a" / "b", ROOM)
    assert store.read("one") is None
    store.write("one", tensors())
    assert same(store.read("one"), tensors())
    assert same(TrunkStore(tmp_path / "a" / "b", ROOM).read("one"), tensors())
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["one.safetensors"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_file_counts_as_missing_and_is_replaced(tmp_path, damage):
    store = TrunkStore(tmp_path, ROOM)
    store.write("one", tensors())
    path = tmp_path / "one.safetensors"
    content = path.read_bytes()
    changed = {"cut": content[:-7], "flipped": content[:-7] + b"\xff" + content[-6:], "empty": b"", "text": b"no " * 99}
    path.write_bytes(changed[damage])
    assert store.read("one") is None
    store.write("one", tensors())
    assert same(store.read("one"), tensors())


def test_a_full_folder_stays_as_it_is(tmp_path):
    size = 4 * 1000 * 2
    store = TrunkStore(tmp_path, 5 * size)
    for number in range(9):
        store.write(str(number), tensors(number, 1000))
    kept = sorted(tmp_path.iterdir())
    assert sum(path.stat().st_size for path in kept) <= 5 * size
    assert len(kept) == 4
    assert store.full
    assert same(store.read("0"), tensors(0, 1000))
    assert store.read("8") is None
    TrunkStore(tmp_path, 5 * size).write("9", tensors(9, 1000))
    assert sorted(tmp_path.iterdir()) == kept, "what lies there already counts"


def test_what_others_wrote_is_counted_in_time(tmp_path):
    mine, other = (TrunkStore(tmp_path, 60 * 9000) for _ in range(2))
    for number in range(60):
        other.write(f"other {number}", tensors(number, 1000))
    for number in range(60):
        mine.write(f"mine {number}", tensors(number, 1000))
    assert len(list(tmp_path.glob("mine*"))) < 32


def test_nothing_is_kept_with_no_room(tmp_path):
    store = TrunkStore(tmp_path, 0)
    store.write("one", tensors())
    assert list(tmp_path.iterdir()) == []


def test_partial_files_of_the_dead_are_removed(tmp_path):
    old, new = tmp_path / f".one.x{PARTIAL}", tmp_path / f".two.x{PARTIAL}"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - STALE_SECONDS - 9,) * 2)
    TrunkStore(tmp_path, ROOM)
    assert list(tmp_path.iterdir()) == [new], "another process may be writing it"


def test_a_kill_while_writing_leaves_no_file(tmp_path, monkeypatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    store = TrunkStore(tmp_path, ROOM)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            store.write("one", tensors())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_once_and_done_without(tmp_path, monkeypatch):
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store = TrunkStore(tmp_path, ROOM)
    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.warns(UserWarning, match=r"No space left.*trunk_cache\.gigabytes"):
        store.write("one", tensors())
    store.write("two", tensors())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"trunk_cache\.folder"):
        TrunkStore(tmp_path / "file" / "trunk", ROOM)


def _write_and_read(folder: Path) -> None:
    store = TrunkStore(folder, ROOM)
    for turn in range(60):
        key = str(turn % 5)
        found = store.read(key)
        assert found is None or same(found, tensors(turn % 5, 1000))
        store.write(key, tensors(turn % 5, 1000))


def test_two_processes_write_the_same_keys(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_and_read, args=(tmp_path,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 5


def test_the_longest_unread_go_where_a_store_replaces(tmp_path):
    size = sum(tensor.nbytes for tensor in tensors(size=10_000))
    store = TrunkStore(tmp_path, 3.5 * size, replaces=True)
    for number, key in enumerate("abc"):
        store.write(key, tensors(size=10_000))
        os.utime(tmp_path / f"{key}.safetensors", (1000 + number, 1000 + number))
    assert store.read("a") is not None
    store.write("d", tensors(size=10_000))
    assert [store.read(key) is not None for key in "abcd"] == [True, False, True, True]
    other = TrunkStore(tmp_path, 3.5 * size, replaces=True)
    other.write("e", tensors(size=10_000))
    store.write("f", tensors(size=10_000))
    left = {path.stem for path in tmp_path.glob("*.safetensors")}
    assert "f" in left and len(left) <= 4 and not store.full
    store.write("large", [torch.zeros(10 * size)])
    assert store.read("large") is None and store.read("f") is not None
