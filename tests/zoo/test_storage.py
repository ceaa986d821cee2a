"""Writing and locking between processes, tried with processes."""

import os
import signal
import subprocess
import sys

import pytest

from zoo.storage import locked, write_atomically

pytestmark = pytest.mark.once

WRITE_SLOWLY = """
import sys, time
from zoo.storage import write_atomically
def write(file):
    file.write(b"half"); file.flush(); print("begun", flush=True); time.sleep(60)
write_atomically(sys.argv[1], write)
"""
HOLD = """
import sys, time
from zoo.storage import locked
with locked(sys.argv[1]):
    print("begun", flush=True); time.sleep(60)
"""


@pytest.fixture
def begun():
    """Starts a script with one argument and waits until it says that it has begun."""
    processes = []

    def start(script, argument):
        command = [sys.executable, "-c", script, str(argument)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "begun\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


class TestWriteAtomically:
    def test_a_killed_write_leaves_the_old_file_and_its_rest_goes_with_the_next(
        self, begun, tmp_path
    ):
        path = tmp_path / "weights.npz"
        path.write_bytes(b"old")
        process = begun(WRITE_SLOWLY, path)
        process.kill()
        process.wait()
        assert path.read_bytes() == b"old" and len(os.listdir(tmp_path)) == 2
        write_atomically(tmp_path / "other.npz", lambda file: file.write(b"new"))
        assert sorted(os.listdir(tmp_path)) == ["other.npz", "weights.npz"]

    def test_the_file_that_another_process_is_writing_stays(self, begun, tmp_path):
        begun(WRITE_SLOWLY, tmp_path / "slow.npz")
        write_atomically(tmp_path / "quick.npz", lambda file: file.write(b"new"))
        assert len(os.listdir(tmp_path)) == 2

    def test_files_of_users_stay(self, tmp_path):
        names = [".notes.tmp", "a-99999999.tmp", ".a-99999999.txt"]
        for name in names:
            (tmp_path / name).touch()
        write_atomically(tmp_path / "file", lambda file: file.write(b"new"))
        assert sorted(os.listdir(tmp_path)) == sorted([*names, "file"])

    def test_an_error_while_writing_leaves_what_was_there(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"old")
        with pytest.raises(ZeroDivisionError):
            write_atomically(path, lambda file: 1 / 0)
        assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


class TestLocked:
    @pytest.mark.parametrize("what", ["", "rows.csv"])
    def test_a_second_process_gets_a_sentence(self, begun, tmp_path, what):
        begun(HOLD, tmp_path / what)
        with pytest.raises(BlockingIOError, match="another process is using"):
            with locked(tmp_path / what, wait=0):
                pass

    def test_a_process_that_dies_gives_it_up(self, begun, tmp_path):
        process = begun(HOLD, tmp_path)
        process.kill()
        process.wait()
        with locked(tmp_path, wait=0):
            pass

    def test_waits_for_the_other_process(self, begun, tmp_path):
        process = begun(HOLD, tmp_path)
        process.terminate()  # it takes a moment
        with locked(tmp_path, wait=30):
            assert process.wait() == -signal.SIGTERM

    def test_the_same_thread_may_take_it_again(self, tmp_path):
        with locked(tmp_path), locked(tmp_path):
            pass
        with locked(tmp_path, wait=0):
            pass
