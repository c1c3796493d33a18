"""A make-believe checkout: services and distributions of a test's own, or the real ones."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from lib.packaging.package import Package, build_package

REPOSITORY = Path(__file__).parents[4]
REAL_SERVICES = sorted(
    path.parent.name for path in (REPOSITORY / "services").glob("*/package.toml")
)


class Checkout:
    """Writes services below a folder and builds their packages there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("services/__init__.py", "")
        self.write("services/shared/__init__.py", "")
        self.write("requirements/functions.txt", "")
        self.write(".build/site/README", "")

    def with_locked_distributions(self) -> "Checkout":
        """Use the distributions that `make up` installed."""
        lock = "requirements/functions.txt"
        shutil.copyfile(REPOSITORY / lock, self.root / lock)
        shutil.rmtree(self.root / ".build/site")
        (self.root / ".build/site").symlink_to(REPOSITORY / ".build/site")
        return self

    def with_services_of(self, repository: Path) -> "Checkout":
        """Copy the real services."""
        shutil.copytree(
            repository / "services",
            self.root / "services",
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        return self

    def with_distribution(self, name: str, *, requires: tuple[str, ...] = ()) -> "Checkout":
        """Lock and install a distribution of one module, which holds its own name."""
        module = name.replace("-", "_")
        info = f"{module}-1.0.dist-info"
        files = {
            f"{module}.py": f"NAME = {name!r}\n",
            f"{module}.pyi": "NAME: str\n",
            f"{module}_tests/tests/test_it.py": "",
            f"{info}/METADATA": "\n".join(
                [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {it}" for it in requires)]
            ),
            f"{info}/LICENSE": "Do as you please",
            f"{info}/INSTALLER": "pip",
        }
        record = [*files, f"{info}/RECORD", f"../../bin/{name}"]
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in record)
        for file, content in files.items():
            self.write(f".build/site/{file}", content)
        lock = self.root / "requirements/functions.txt"
        lock.write_text(f"{lock.read_text()}{name}==1.0 \\\n    --hash=sha256:00\n")
        return self

    def with_service(self, name: str, package: str = "", handler: str = "") -> "Checkout":
        """Write a service of one handler."""
        self.write(f"services/{name}/__init__.py", "")
        self.write(f"services/{name}/package.toml", package)
        self.write(f"services/{name}/handler.py", handler)
        return self

    def write(self, name: str, content: str) -> Path:
        """Write a file of the checkout."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def build(self, service: str) -> Package:
        """Build a service's package in this checkout."""
        return build_package(service, root=self.root)


def read(package: Package) -> dict[str, bytes]:
    """Return what is in a package, by name."""
    with zipfile.ZipFile(package.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def unpack(package: Package, folder: Path) -> Path:
    """Unpack a package, as Lambda does before it starts the function."""
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    return folder


def run_isolated(
    code: str, task: Path, *, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that finds the standard library and one package, no more."""
    return subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(task)!r}); {code}",
        ],
        cwd="/",
        env=dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
