"""The products that are compared, each started on a folder of its own at its best settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import ClassVar

import httpx

from bench.processes import free_port, wait_for_port

MOVE_DESTINATION = "BENCHMOVE"
CALLING = "BENCH"


@dataclass
class Product(ABC):
    """One running product: where its doors are and which processes it is made of."""

    folder: Path
    move_port: int
    dicom_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    headers: dict[str, str] = field(default_factory=dict)
    name: ClassVar[str]
    ae_title: ClassVar[str]
    dicomweb: ClassVar[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}{self.dicomweb}"

    @property
    def roots(self) -> list[int]:
        """The processes all others descend from."""
        assert self._process is not None
        return [self._process.pid]

    @abstractmethod
    def start(self) -> None:
        """Start, and return when every door is open."""

    def stop(self) -> None:
        """Stop gracefully."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """With empty caches of its own (the system's stay warm, for both)."""
        self.stop()
        self.start()

    @abstractmethod
    def let_be_shipped(self, shipped: bool) -> None:
        """Be as delivered, where that differs from the best settings; restarts when it changes."""

    @abstractmethod
    def version(self) -> str:
        """The version that runs."""

    @abstractmethod
    def settings(self) -> str:
        """How it is set, in one line."""

    def _run(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for_port(self.dicom_port)
        wait_for_port(self.web_port)


class Orthanc(Product):
    """Orthanc from Debian with its DICOMweb plug-in."""

    name = "Orthanc"
    ae_title = "ORTHANC"
    _shipped: bool = False
    dicomweb = "/dicom-web"
    PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

    def start(self) -> None:
        file = self.folder / "orthanc.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(self._configuration()))
        # Its DIMSE is DCMTK's, which takes this from the environment as the clients do.
        # DCMTK, which Orthanc speaks DICOM with, reads this variable and nothing else.
        self._run(["Orthanc", str(file)], {} if self._shipped else {"TCP_NODELAY": "1"})

    def let_be_shipped(self, shipped: bool) -> None:
        if shipped != self._shipped:
            self._shipped = shipped
            self.restart()

    def _configuration(self) -> dict[str, object]:
        return {
            "Name": "bench",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "StorageCompression": False,
            "Plugins": [str(self.PLUGIN)],
            "HttpPort": self.web_port,
            "DicomPort": self.dicom_port,
            "DicomAet": self.ae_title,
            "RemoteAccessAllowed": True,
            "AuthenticationEnabled": False,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "DicomModalities": {"bench": [MOVE_DESTINATION, "127.0.0.1", self.move_port]},
            "HttpThreadsCount": 8,
            "DicomThreadsCount": 8,
            "KeepAlive": True,
            "TcpNoDelay": True,
            "StorageAccessOnFind": "Never",
            "StoreMD5ForAttachments": True,
            "SaveJobs": False,
            "SynchronousCMove": True,
            "LimitFindResults": 0,
            "MaximumStorageCacheSize": 128,
            "DicomWeb": {
                "Enable": True,
                "Root": "/dicom-web/",
                "StudiesMetadata": "Full",
                "SeriesMetadata": "Full",
            },
        }

    def version(self) -> str:
        done = subprocess.run(["Orthanc", "--version"], capture_output=True, text=True, check=True)
        return done.stdout.split()[1]

    def settings(self) -> str:
        return (
            "no authentication, no audit; 8 HTTP and 8 DICOM threads, keep-alive,"
            " TCP_NODELAY for HTTP and, but in the lines *as shipped*, for DICOM,"
            " storage cache 128 MB, StorageAccessOnFind never"
        )


class Vesalius(Product):
    """This product as `vesalius serve` starts it, on its embedded PostgreSQL."""

    name = "Vesalius"
    ae_title = "VESALIUS"
    dicomweb = "/dicomweb"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run([sys.executable, "-m", "vesalius", "serve"], self._environment)
        if not self.headers:
            self._admit()
        self._wait_until_ready()

    def let_be_shipped(self, shipped: bool) -> None:
        """Nothing: what is delivered is what is measured everywhere."""

    def _wait_until_ready(self) -> None:
        address = f"http://127.0.0.1:{self.web_port}/health/ready"
        with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=60) as client:
            client.get(address).raise_for_status()

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "VESALIUS_DATA_DIRECTORY": str(self.folder / "data"),
            "VESALIUS_WEB_PORT": str(self.web_port),
            "VESALIUS_DICOM_PORT": str(self.dicom_port),
            "VESALIUS_FREE_DISK_FRACTION": "0.001",
            "VESALIUS_LOG_LEVEL": "warning",
        }

    @property
    def roots(self) -> list[int]:
        # PostgreSQL leaves the supervisor's tree when it starts.
        file = self.folder / "data" / "postgres" / "cluster" / "postmaster.pid"
        return [*super().roots, int(file.read_text().split()[0])]

    def _admit(self) -> None:
        self._command("node", "add", CALLING, "127.0.0.1", str(self.move_port))
        self._command("node", "add", MOVE_DESTINATION, "127.0.0.1", str(self.move_port))
        self._command(
            "user", "add", "bench", "--role", "radiologist", "--role", "integrator", "--no-password"
        )
        token = self._command("user", "token", "bench").strip()
        self.headers = {"Authorization": f"Bearer {token}"}

    def _command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "vesalius", *arguments],
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return done.stdout

    def version(self) -> str:
        return installed_version("vesalius")

    def settings(self) -> str:
        return (
            "as delivered: policy, audit, validation, fsync of every object and commit, 1 web"
            " and 2 DICOM processes, embedded PostgreSQL with synchronous_commit"
        )
