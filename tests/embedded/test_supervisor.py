"""The supervisor with small commands of its own."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from portal.embedded import logs, process
from portal.embedded.supervisor import Child, Supervisor
from tests.embedded.conftest import Start, Until, family, gone

SLEEPS = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
HAS_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
# A supervisor of its own process with two children; the first starts another process.
OUTER = """
import sys
from pathlib import Path
from portal.embedded.supervisor import Child, Supervisor
home = Path(sys.argv[1])
supervisor = Supervisor(home / "processes.json")
with supervisor.signals():
    for name, code in (("one", sys.argv[2]), ("two", sys.argv[3])):
        supervisor.add(Child(name, (sys.executable, "-c", code), home / f"{name}.log"))
    print("up", flush=True)
    supervisor.run()
    supervisor.stop(["one", "two"])
print("down", flush=True)
"""


def child(home: Path, code: str, **options: object) -> Child:
    return Child("part", (sys.executable, "-c", code), home / "part.log", **options)


def supervise(supervisor: Supervisor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        supervisor.wait(0.05)


def test_a_child_that_is_killed_comes_back_and_the_line_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = Supervisor(tmp_path / "processes.json")
    running = supervisor.add(child(tmp_path, SLEEPS))
    assert running.process is not None
    first = running.process.pid
    os.kill(first, signal.SIGKILL)
    supervise(supervisor, 1.2)
    assert running.process is not None
    assert running.process.pid != first
    shown = capsys.readouterr().out
    assert "part      died (signal 9, SIGKILL); starts again in 0.5 s" in shown
    assert "part      started again" in shown
    supervisor.stop(["part"])
    assert not (tmp_path / "processes.json").exists()


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = Supervisor(tmp_path / "processes.json")
    running = supervisor.add(child(tmp_path, "raise SystemExit('no luck')"))
    supervise(supervisor, 2.5)
    shown = capsys.readouterr().out
    assert "died (exit code 1); starts again in 0.5 s" in shown
    assert "died (exit code 1); starts again in 1 s" in shown
    assert "  | no luck" in shown
    assert running.deaths >= 2
    supervisor.stop(["part"])


def test_a_child_that_lived_long_enough_is_forgiven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(tmp_path / "processes.json")
    running = supervisor.add(child(tmp_path, SLEEPS, stable=0.2))
    running.deaths = 5
    supervise(supervisor, 0.4)
    assert running.process is not None
    running.process.kill()
    supervise(supervisor, 0.3)
    assert "starts again in 0.5 s" in capsys.readouterr().out
    supervisor.stop(["part"])


def test_a_child_that_ignores_the_request_is_killed_in_time(tmp_path: Path, until: Until) -> None:
    supervisor = Supervisor(tmp_path / "processes.json")
    running = supervisor.add(child(tmp_path, STUBBORN, stop_seconds=0.5))
    until(lambda: "up" in (tmp_path / "part.log").read_text(), 5)
    assert running.process is not None
    begun = time.monotonic()
    supervisor.stop(["part"])
    assert 0.4 < time.monotonic() - begun < 3
    assert running.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process(tmp_path: Path, start: Start, number: int) -> None:
    outer = start("-c", OUTER, str(tmp_path), HAS_A_CHILD, SLEEPS)
    assert outer.stdout is not None
    assert outer.stdout.readline() == "up\n"
    time.sleep(0.5)
    everyone = family(outer.pid)
    assert len(everyone) == 4
    outer.send_signal(number)
    assert outer.wait(10) == 0
    assert gone(everyone)


def test_killing_the_supervisor_leaves_no_child(tmp_path: Path, start: Start, until: Until) -> None:
    outer = start("-c", OUTER, str(tmp_path), SLEEPS, STUBBORN)
    assert outer.stdout is not None
    assert outer.stdout.readline() == "up\n"
    everyone = family(outer.pid)
    assert len(everyone) == 3
    outer.kill()
    until(lambda: gone(everyone), 5)


def test_what_a_killed_supervisor_left_is_ended_by_the_next_start(tmp_path: Path) -> None:
    record = tmp_path / "processes.json"
    left = process.spawn([sys.executable, "-c", STUBBORN])
    process.remember(record, [left.pid])
    assert process.end_leftovers(record, patience=0.2) == 1
    assert not psutil.pid_exists(left.pid)
    assert process.end_leftovers(record, patience=0.2) == 0


def test_a_process_number_that_belongs_to_somebody_else_by_now_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "processes.json"
    other = process.spawn([sys.executable, "-c", SLEEPS])
    record.write_text(f"[[{other.pid}, {psutil.Process(other.pid).create_time() - 100}]]")
    assert process.end_leftovers(record, patience=0.1) == 0
    assert other.poll() is None
    process.stop(other, number=signal.SIGKILL, seconds=1)


def test_a_log_that_grows_large_is_cut_while_its_process_goes_on_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_MOST_BYTES", 100)
    path = tmp_path / "part.log"
    with logs.open_log(path) as writer:
        writer.write(b"x" * 101)
        writer.flush()
        logs.make_room(path)
        writer.write(b"after")
        writer.flush()
    assert path.read_bytes() == b"after"
    assert (tmp_path / "part.log.1").read_bytes() == b"x" * 101


def test_errors_in_a_log_reach_the_terminal_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "part.log"
    watch = logs.ErrorWatch(path)
    line = '{"level": "ERROR", "logger": "severity", "message": "sweep failed %d"}\n'
    path.write_text('{"level": "INFO", "logger": "x", "message": "ERROR"}\nplain "ERROR" text\n' + line % 1)
    assert watch.new_errors(0.0) == ["ERROR severity: sweep failed 1"]
    with path.open("a") as file:
        file.writelines(line % number for number in range(2, 12))
        file.write('{"level": "ERROR", "logger": "half')
    assert len(watch.new_errors(1.0)) == 5
    assert watch.hidden == 5
    assert watch.new_errors(2.0) == []
