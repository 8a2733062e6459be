"""Outputs: whole or not at all, and nothing left behind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from medsegr.data import outputs
from medsegr.data.outputs import atomic_write, check_output_folder, staged_folder
from medsegr.errors import OutputError


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def refuse_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As if ``folder`` itself were not writable; permission bits mean nothing to root."""

    def wrap(real):
        def wrapped(*args, **kwargs):
            if folder in (*args, *kwargs.values()):
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(*args, **kwargs)

        return wrapped

    for name in ("mkdtemp", "TemporaryFile"):
        monkeypatch.setattr(outputs.tempfile, name, wrap(getattr(outputs.tempfile, name)))


def test_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    for text in ("one", "two"):
        with atomic_write(path) as temporary:
            temporary.write_text(text)
            assert not path.exists() or path.read_text() == "one"
        assert tree(tmp_path) == {"deep/file.txt": text}
    assert path.stat().st_mode & 0o600 == 0o600


def test_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ValueError, match="boom"), atomic_write(tmp_path / "file") as temporary:  # noqa: PT012
        temporary.write_text("new")
        raise ValueError("boom")
    assert tree(tmp_path) == {"file": "old"}


def test_failed_file_takes_its_new_folders_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="boom"), atomic_write(tmp_path / "a" / "b" / "file"):
        raise ValueError("boom")
    assert list(tmp_path.iterdir()) == []


def test_file_that_cannot_be_written(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot write"), atomic_write(tmp_path / "file" / "inner"):
        pytest.fail("reached")
    with pytest.raises(OutputError, match="is a folder"), atomic_write(tmp_path):
        pytest.fail("reached")
    with pytest.raises(OutputError, match="No space left"), atomic_write(tmp_path / "full") as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    refuse_in(monkeypatch, tmp_path)
    with pytest.raises(OutputError, match="Permission denied"), atomic_write(tmp_path / "a"):
        pytest.fail("reached")
    assert tree(tmp_path) == {"file": "x"}


def test_what_a_link_points_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("link", "dangling"):
        (tmp_path / name).symlink_to(Path("folder") / name)
    (tmp_path / "folder" / "link").write_text("old")
    for name in ("link", "dangling"):
        with atomic_write(tmp_path / name) as temporary:
            temporary.write_text("new")
        assert (tmp_path / name).is_symlink()
    assert tree(tmp_path / "folder") == {"dangling": "new", "link": "new"}


def test_a_pipe_stays_a_pipe_and_receives_all_or_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="boom"), atomic_write(pipe) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise ValueError("boom")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_write(pipe) as temporary:
        temporary.write_text("whole")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.read(reader, 100) == b"whole"
    os.close(reader)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@pytest.mark.usefixtures("nothing_is_replaced")
@pytest.mark.parametrize("link", [False, True])
def test_a_device_stays_a_device(link: bool, tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    with atomic_write(tmp_path / "null" if link else "/dev/null") as temporary:
        temporary.write_text("gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode) and (tmp_path / "null").is_symlink()
    if Path("/dev/full").exists():
        with pytest.raises(OutputError, match="No space left"), atomic_write("/dev/full") as temporary:
            temporary.write_text("more than fits")


@pytest.mark.usefixtures("nothing_is_replaced")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_after_what_was_printed(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    print("before")
    with atomic_write(name) as temporary:
        temporary.write_text("content\n")
    print("behind")
    assert capfd.readouterr().out == "before\ncontent\nbehind\n"


def test_folder_appears_when_complete(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    with staged_folder(out) as temporary:
        assert temporary.parent == out.parent
        (temporary / "inner").mkdir()
        (temporary / "inner" / "file").write_text("1")
        assert not out.exists()
    assert tree(tmp_path) == {"a/b/inner/file": "1"}
    assert out.stat().st_mode & 0o700 == 0o700
    assert [p.name for p in out.parent.iterdir()] == ["b"]


def test_empty_folder_may_exist(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with staged_folder(tmp_path / "out") as temporary:
        (temporary / "file").write_text("1")
    assert tree(tmp_path) == {"out/file": "1"}


@pytest.mark.parametrize("error", [ValueError("boom"), KeyboardInterrupt("boom")])
def test_failed_folder_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error), match="boom"), staged_folder(tmp_path / "a" / "b") as temporary:  # noqa: PT012
        (temporary / "file").write_text("1")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_not_empty_needs_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    with pytest.raises(OutputError, match=r"not empty.*--overwrite"), staged_folder(out):
        pytest.fail("reached")
    with staged_folder(out, overwrite=True) as temporary:
        (temporary / "new").write_text("new")
        assert tree(out) == {"old": "old"}, "the old is there until the new is complete"
    assert tree(tmp_path) == {"out/new": "new"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_failed_overwrite_keeps_the_old(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with (  # noqa: PT012
        pytest.raises(ValueError, match="boom"),
        staged_folder(tmp_path / "out", overwrite=True) as temporary,
    ):
        (temporary / "new").write_text("new")
        raise ValueError("boom")
    assert tree(tmp_path) == {"out/old": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_failed_last_rename_puts_the_old_back(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.name.endswith(".part") and Path(target) == out:
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OutputError, match="Input/output"), staged_folder(out, overwrite=True) as temporary:
        (temporary / "new").write_text("new")
    assert tree(tmp_path) == {"out/old": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_file_or_parent_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(OutputError, match="is a file; a folder was expected"),
        staged_folder(tmp_path / "file"),
    ):
        pytest.fail("reached")
    with (
        pytest.raises(OutputError, match=r"file is a file|Not a directory"),
        staged_folder(tmp_path / "file" / "a"),
    ):
        pytest.fail("reached")
    assert tree(tmp_path) == {"file": "x"}


def test_not_writable(tmp_path: Path, monkeypatch) -> None:
    refuse_in(monkeypatch, tmp_path)
    with pytest.raises(OutputError, match="Permission denied"), staged_folder(tmp_path / "out"):
        pytest.fail("reached")
    assert list(tmp_path.iterdir()) == []


def test_mounted_folder_in_a_parent_that_is_not_writable(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    refuse_in(monkeypatch, tmp_path)
    for overwrite, text in ((False, "one"), (True, "two")):
        with staged_folder(out, overwrite) as temporary:
            assert temporary.parent == out
            (temporary / text).write_text(text)
        assert tree(tmp_path) == {f"out/{text}": text}
        assert [p.name for p in out.iterdir()] == [text]


def test_mount_point_that_cannot_be_renamed(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == out:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with staged_folder(out, overwrite=True) as temporary:
        (temporary / "new").write_text("new")
    assert tree(tmp_path) == {"out/new": "new"}
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_failed_swap_of_content_puts_everything_back(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_text("old")
    refuse_in(monkeypatch, tmp_path)
    real = outputs.shutil.move

    def move(source: Path, target: Path) -> Path:
        if Path(source).name == "z":
            raise OSError(errno.EIO, "Input/output error")
        return real(source, target)

    monkeypatch.setattr(outputs.shutil, "move", move)
    with pytest.raises(OutputError, match="Input/output"), staged_folder(out, overwrite=True) as temporary:  # noqa: PT012
        (temporary / "a").write_text("new")
        (temporary / "z").write_text("new")
    assert tree(tmp_path) == {"out/old": "old"}
    assert [p.name for p in out.iterdir()] == ["old"]


def test_full_disk_in_the_block_is_the_places_fault(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), staged_folder(tmp_path / "out"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(FileNotFoundError), staged_folder(tmp_path / "out"):
        raise FileNotFoundError(errno.ENOENT, "not ours")
    assert list(tmp_path.iterdir()) == []


def test_working_folder_is_not_overwritten(tmp_path: Path, monkeypatch) -> None:
    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    with pytest.raises(OutputError, match="working or home folder"):
        check_output_folder(tmp_path / "project", overwrite=True)
    assert inner.is_dir()


def test_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with staged_folder(tmp_path / "link") as temporary:
        (temporary / "file").write_text("1")
    assert (tmp_path / "link").is_symlink()
    assert tree(tmp_path / "real") == {"file": "1"}
