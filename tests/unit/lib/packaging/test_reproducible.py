"""The same inputs give the same package, quickly, and no other."""

import importlib.util
import marshal
import stat
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import CodeType

import pytest

from lib.packaging import package as packages
from lib.packaging.package import PYTHON_RUNTIME, Package
from tests.unit.lib.packaging.checkout import REAL_SERVICES, REPOSITORY, Checkout, read

HANDLER = "import alpha\n\n\ndef lambda_handler(event, context):\n    return alpha.NAME\n"


@pytest.fixture(name="small")
def small_checkout(checkout: Checkout) -> Checkout:
    """A service of one handler on one small distribution."""
    return checkout.with_distribution("alpha").with_service("one", 'requires = ["alpha"]', HANDLER)


def bytecode_of(package: Package) -> dict[str, tuple[bytes, bytes]]:
    """Every compiled module's name, with its source and its bytecode."""
    files = read(package)
    found = {}
    for name in files:
        if name.endswith(".py"):
            folder, _, module = name.rpartition("/")
            cached = Path(importlib.util.cache_from_source(module)).as_posix()
            found[name] = files[name], files[f"{folder}/{cached}" if folder else cached]
    return found


def codes(code: CodeType) -> Iterator[CodeType]:
    """A module's code and that of everything defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def test_the_runtime_is_the_interpreter_that_compiles() -> None:
    version = sys.version_info

    assert f"python{version.major}.{version.minor}" == PYTHON_RUNTIME


def test_a_package_is_the_same_bytes_wherever_the_checkout_lies(
    real_packages: dict[str, Package], tmp_path: Path
) -> None:
    elsewhere = Checkout(tmp_path / "quite/another/place")
    elsewhere.with_locked_distributions().with_services_of(REPOSITORY)

    for service, package in real_packages.items():
        built = elsewhere.build(service)

        assert built.path.read_bytes() == package.path.read_bytes()
        assert built.digest == package.digest


def test_an_edit_of_a_shared_module_changes_the_packages_that_reach_it_and_no_other(
    locked_checkout: Checkout, real_packages: dict[str, Package]
) -> None:
    locked_checkout.with_services_of(REPOSITORY)
    cursors = locked_checkout.root / "services/shared/items/cursors.py"

    cursors.write_text(f"{cursors.read_text()}\n# edited\n")

    assert {
        service
        for service, before in real_packages.items()
        if locked_checkout.build(service).digest != before.digest
    } == {"items_api", "partner_api"}


def test_when_and_by_whom_it_is_built_leaves_no_trace(small: Checkout) -> None:
    with zipfile.ZipFile(small.build("one").path) as archive:
        entries = archive.infolist()

    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {stat.filemode(entry.external_attr >> 16) for entry in entries} == {"-rw-r--r--"}
    assert {entry.create_system for entry in entries} == {3}
    sources = [entry.filename for entry in entries if entry.filename.startswith("services")]
    others = [entry.filename for entry in entries if not entry.filename.startswith("services")]
    assert [entry.filename for entry in entries] == sorted(others) + sorted(sources)


def test_the_digest_tells_content_not_compression(small: Checkout) -> None:
    before = small.build("one")

    small.write("services/one/handler.py", HANDLER.replace("alpha.NAME", "1"))
    edited = small.build("one")
    small.write("services/one/handler.py", HANDLER)
    back = small.build("one")

    assert edited.digest != before.digest
    assert back == before


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_bytecode_is_never_checked_against_its_source(
    service: str, real_packages: dict[str, Package]
) -> None:
    modules = bytecode_of(real_packages[service])

    assert f"services/{service}/handler.py" in modules
    for name, (source, bytecode) in modules.items():
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER, name
        assert int.from_bytes(bytecode[4:8], "little") == 0b01, f"{name} is checked"
        assert bytecode[8:16] == importlib.util.source_hash(source), f"{name} is stale"


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_tracebacks_name_files_where_lambda_unpacks_them(
    service: str, real_packages: dict[str, Package]
) -> None:
    for name, (_, bytecode) in bytecode_of(real_packages[service]).items():
        names = {code.co_filename for code in codes(marshal.loads(bytecode[16:]))}  # noqa: S302 - our own bytecode
        assert names == {f"/var/task/{name}"}


def test_a_package_is_built_once_for_its_inputs(small: Checkout) -> None:
    first = small.build("one")
    made = first.path.stat()

    second = small.build("one")

    assert second == first
    assert second.path.stat().st_ino == made.st_ino


@pytest.mark.parametrize(
    "changed",
    ["services/one/handler.py", "services/one/__init__.py", "requirements/functions.txt"],
)
def test_every_input_decides_which_package_is_used(small: Checkout, changed: str) -> None:
    before = small.build("one")

    small.write(changed, f"{(small.root / changed).read_text()}\n# changed\n")

    assert small.build("one").path != before.path


def test_a_changed_builder_builds_anew(
    small: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = small.build("one")
    (tmp_path / "new_step.py").write_text("# a step of the builder\n")

    monkeypatch.setattr(packages, "_STEPS", tmp_path)
    after = small.build("one")

    assert after.path != before.path
    assert after.digest == before.digest


def test_every_step_of_the_builder_is_part_of_the_builder() -> None:
    steps = {path.name for path in packages._STEPS.glob("*.py")}

    assert {"archive.py", "bytecode.py", "package.py", "sources.py"} <= steps


def test_builds_that_race_give_one_whole_package(small: Checkout) -> None:
    with ThreadPoolExecutor(4) as threads:
        built = list(threads.map(small.build, ["one"] * 8))

    assert len(set(built)) == 1
    assert "services/one/handler.py" in read(built[0])
    assert {path.name for path in built[0].path.parent.iterdir()} == {built[0].path.name, "parts"}


def test_an_edit_is_packaged_in_under_a_second_without_the_distributions(
    locked_checkout: Checkout,
) -> None:
    locked_checkout.with_service(
        "one", 'requires = ["botocore", "aws-lambda-powertools"]\n[aws]\ndynamodb = ["GetItem"]'
    )
    locked_checkout.build("one")
    (locked_checkout.root / ".build/site").unlink()

    locked_checkout.write("services/one/handler.py", "EDITED = True\n")
    started = time.perf_counter()
    edited = locked_checkout.build("one")

    assert time.perf_counter() - started < 1
    assert read(edited)["services/one/handler.py"] == b"EDITED = True\n"


def test_a_day_of_edits_leaves_only_the_newest_builds(
    small: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_KEPT_BUILDS", 2)
    small.with_service("one_more")
    other = small.build("one_more")
    for edit in range(5):
        small.write("services/one/handler.py", f"EDIT = {edit}\n")
        newest = small.build("one")

    left = list(newest.path.parent.glob("one-*.zip"))

    assert newest.path in left
    assert len(left) == 3  # two, and the one just made
    assert other.path.exists()
