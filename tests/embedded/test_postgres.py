"""The embedded PostgreSQL: made, killed, recovered, stopped."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.embedded import postgres, process
from portal.embedded.errors import StartRefused


def serve(cluster: postgres.Cluster, home: Path) -> subprocess.Popen[bytes]:
    with (home / "log").open("ab") as log:
        popen = process.spawn(cluster.argv(), output=log, user=cluster.user, cwd=cluster.directory)
    postgres.wait_ready(cluster, popen)
    return popen


def test_a_temporary_server_serves_utf8_on_a_socket_and_leaves_nothing() -> None:
    with postgres.temporary_server() as url, psycopg.connect(url) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        home = Path(row[0]).parent
        assert home.exists()
    assert not home.exists()


@pytest.mark.faults
def test_data_survives_a_killed_server_and_a_stop(tmp_path: Path) -> None:
    directory = tmp_path / "with space" / "postgres"
    cluster = postgres.prepare(directory)
    first = serve(cluster, tmp_path)
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE seen (n int)")
        connection.execute("INSERT INTO seen VALUES (1)")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert (directory / "postmaster.pid").exists()

    second = serve(postgres.prepare(directory), tmp_path)
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT n FROM seen").fetchall() == [(1,)]
    assert process.stop(second, number=postgres.STOP_SIGNAL, seconds=20)
    assert not (directory / "postmaster.pid").exists()


@pytest.mark.faults
def test_a_server_left_running_is_ended_before_the_next(tmp_path: Path) -> None:
    cluster = postgres.prepare(tmp_path / "postgres", durable=False)
    left = serve(cluster, tmp_path)
    again = postgres.prepare(tmp_path / "postgres", durable=False)
    assert not psutil.pid_exists(left.pid) or left.wait(1) == 0
    third = serve(again, tmp_path)
    assert process.stop(third, number=postgres.STOP_SIGNAL, seconds=20)


def test_a_pid_file_that_names_a_stranger_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.end_leftover(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_directory_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartRefused, match=r"was written by PostgreSQL 12 .* DATA_DIR"):
        postgres.prepare(tmp_path)


def test_a_directory_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letter.txt").write_text("mine")
    with pytest.raises(StartRefused, match="is not empty and holds no database"):
        postgres.prepare(tmp_path / "postgres")
    assert (tmp_path / "postgres" / "letter.txt").read_text() == "mine"


@pytest.mark.faults
def test_a_path_too_long_for_a_socket_still_works(tmp_path: Path) -> None:
    directory = tmp_path / ("deep" * 30) / "postgres"
    cluster = postgres.prepare(directory, durable=False)
    assert cluster.socket != directory
    popen = serve(cluster, tmp_path)
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert process.stop(popen, number=postgres.STOP_SIGNAL, seconds=20)
