"""What is in a package: all the function needs, and nothing else."""

import re
import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from lib.packaging.package import Package
from lib.packaging.stand_ins import STAND_INS
from tests.unit.lib.packaging.checkout import (
    REAL_SERVICES,
    REPOSITORY,
    Checkout,
    read,
    run_isolated,
    unpack,
)

# Every service finds the settings it asks for, and clients a region.
ENVIRONMENT = {
    "ALLOWED_ORIGINS": "",
    "AUDIT_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/audit",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "CURSOR_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cursors",
    "DATABASE_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:store",
    "FILES_BUCKET_NAME": "files",
    "FUNCTIONS": "arn:aws:lambda:eu-west-1:123456789012:function:api:1",
    "ITEMS_TABLE_NAME": "items",
    "LOGS_BUCKET_NAME": "logs",
    "MASTER_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master",
    "MIGRATION_LEVEL": "4",
    "ORIGIN_KEY_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:origin",
    "POWERTOOLS_METRICS_NAMESPACE": "TAP",
    "POWERTOOLS_SERVICE_NAME": "service",
    "RESOURCE_SERVER_ID": "tap",
    "SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cursors",
}
# The Lambda runtime has these itself; we ship the locked versions, so that we know which run.
IN_THE_RUNTIME = ("botocore", "dateutil", "jmespath", "six", "urllib3")
MEGABYTE = 1_000_000
# What a cold start imports of others (not boto3, which doubles it), and may not of Python's own.
COLD = {*IN_THE_RUNTIME, "aws_lambda_powertools", "typing_extensions"}
SLOW = {
    *("asyncio", "ctypes", "doctest", "html", "multiprocessing", "pydoc", "sqlite3", "unittest"),
    "zipfile",  # which the driver imports, to ask for its own version
}
# The database driver and what it needs, in the packages that declare it.
DRIVER = {"asn1crypto", "pg8000", "scramp"}


def driver_of(service: str) -> set[str]:
    """The driver's distributions, for a service that talks to the database."""
    declared = tomllib.loads((REPOSITORY / "services" / service / "package.toml").read_text())
    return DRIVER if "pg8000" in declared["requires"] else set()


def test_there_are_services_to_look_at() -> None:
    assert {
        "audit_writer",
        "health",
        "items_api",
        "partner_api",
        "secret_rotation",
    } <= set(REAL_SERVICES)


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_package_imports_its_handler_with_nothing_else_around(
    service: str, real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages[service], tmp_path)

    result = run_isolated(
        f"from services.{service}.handler import lambda_handler", task, environment=ENVIRONMENT
    )

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_package_holds_of_our_modules_those_that_its_handler_loads(
    service: str, real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages[service], tmp_path)

    loaded = run_isolated(
        f"import services.{service}.handler; "
        "print(*(each.__file__ for name, each in sys.modules.items() if 'services' in name[:8]))",
        task,
        environment=ENVIRONMENT,
    )

    assert {
        name for name in read(real_packages[service]) if re.match(r"services/.*\.py$", name)
    } == {Path(file).relative_to(task).as_posix() for file in loaded.stdout.split()}


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_cold_start_imports_nothing_else_of_others_and_nothing_of_pythons_that_takes_long(
    service: str, real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages[service], tmp_path)

    loaded = run_isolated(
        f"import services.{service}.handler; "
        "print(*{name.partition('.')[0] for name in sys.modules})",
        task,
        environment=ENVIRONMENT,
    )

    found = set(loaded.stdout.split())
    others = found - set(sys.stdlib_module_names) - {"__main__", "services"}
    assert others == COLD | driver_of(service)
    assert found & SLOW == ({"zipfile"} if driver_of(service) else set())


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_cold_start_compiles_nothing(
    service: str, real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages[service], tmp_path)
    for source in task.rglob("*.py"):
        source.write_text("raise AssertionError('compiled again')\n")

    result = run_isolated(f"import services.{service}.handler", task, environment=ENVIRONMENT)

    assert result.returncode == 0, result.stderr


def test_a_dependency_that_is_not_declared_cannot_hide(
    locked_checkout: Checkout, tmp_path: Path
) -> None:
    locked_checkout.with_service("one", "", "import botocore\n")

    task = unpack(locked_checkout.build("one"), tmp_path / "task")
    result = run_isolated("import services.one.handler", task)

    assert "No module named 'botocore'" in result.stderr


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_package_holds_one_service_and_what_it_declares(
    service: str, real_packages: dict[str, Package]
) -> None:
    names = list(read(real_packages[service]))

    assert {name.split("/")[1] for name in names if name.startswith("services/")} == {
        "__init__.py",
        "__pycache__",
        service,
        "shared",
    }
    # exactly the closure of botocore and Powertools, and of the driver where it is declared
    assert {re.split("[-.]", name.split("/")[0])[0] for name in names} - {"__pycache__"} == {
        *IN_THE_RUNTIME,
        "aws_lambda_powertools",
        "python_dateutil",
        "services",
        "typing_extensions",
        *driver_of(service),
    }
    left_out = re.compile(
        r"(^|/)(aws_cdk|lib|localcloud|tests|bin|boto3)/|\.pyi$|py\.typed$|package\.toml$"
        r"|event_handler/|dist-info/(RECORD|INSTALLER|REQUESTED|WHEEL|top_level)"
    )
    assert [name for name in names if left_out.search(name)] == []


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_every_distribution_comes_with_its_licence_and_its_version(
    service: str, real_packages: dict[str, Package]
) -> None:
    names = list(read(real_packages[service]))

    for folder in {name.split("/")[0] for name in names if ".dist-info/" in name}:
        own = [name for name in names if name.startswith(folder)]
        assert f"{folder}/METADATA" in own
        assert any("LICENSE" in name for name in own), folder
    assert len([name for name in names if name.endswith("/METADATA")]) == 5 + len(
        driver_of(service)
    )


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_a_package_stays_small(service: str, real_packages: dict[str, Package]) -> None:
    package = real_packages[service]

    beyond_the_runtime = sum(
        len(content)
        for name, content in read(package).items()
        if not name.startswith(IN_THE_RUNTIME)
    )

    assert beyond_the_runtime < 6 * MEGABYTE
    assert package.path.stat().st_size < 3 * MEGABYTE


def test_a_service_that_needs_nothing_holds_its_own_code_alone(checkout: Checkout) -> None:
    checkout.with_distribution("alpha").with_service("one", "")

    package = checkout.build("one")

    assert all(name.startswith("services/") for name in read(package))
    assert package.path.stat().st_size < MEGABYTE


def test_what_a_distribution_depends_on_follows_and_extras_do_not(checkout: Checkout) -> None:
    (
        checkout.with_distribution(
            "alpha",
            requires=(
                "Beta_Two>=1",
                "gamma ; extra == 'all'",
                "delta ; python_version < '3'",
                "epsilon (<2) ; python_version > '3'",
            ),
        )
        .with_distribution("beta-two", requires=("alpha",))
        .with_distribution("gamma")
        .with_distribution("epsilon")
        .with_distribution("unused")
        .with_service("one", 'requires = ["alpha"]')
    )

    names = read(checkout.build("one"))

    assert {name.split(".")[0] for name in names if re.fullmatch(r"\w+\.py", name)} == {
        "alpha",
        "beta_two",
        "epsilon",
    }
    assert {name for name in names if name.startswith("alpha")} == {
        "alpha.py",
        "alpha-1.0.dist-info/LICENSE",
        "alpha-1.0.dist-info/METADATA",
    }


def test_only_amazons_five_roots_are_trusted(real_packages: dict[str, Package]) -> None:
    bundle = read(real_packages["items_api"])["botocore/cacert.pem"].decode()

    assert re.findall("(?m)^# (.+)$", bundle) == [
        "Amazon Root CA 1",
        "Amazon Root CA 2",
        "Amazon Root CA 3",
        "Amazon Root CA 4",
        "Starfield Services G2",
    ]


def test_the_roots_are_the_bundle_a_client_connects_with_unless_another_is_named(
    real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages["items_api"], tmp_path)
    code = (
        "import ssl; from botocore.session import Session; "
        "roots = Session().create_client('s3')._endpoint.http_session._roots; "
        "own = ssl.create_default_context(cafile=roots) if 'botocore' in roots else None; "
        "print(roots, len(own.get_ca_certs()) if own else '')"
    )

    trusted = run_isolated(code, task, environment=ENVIRONMENT)
    named = run_isolated(code, task, environment=ENVIRONMENT | {"AWS_CA_BUNDLE": "/other.pem"})

    assert trusted.stdout.split() == [f"{task}/botocore/cacert.pem", "5"], trusted.stderr
    assert named.stdout.split() == ["/other.pem"], named.stderr


def installed() -> list[Distribution]:
    """What `make up` installed for the functions."""
    return list(distributions(path=[str(REPOSITORY / ".build/site")]))


def test_what_powertools_leaves_out_is_all_that_is_missing(
    real_packages: dict[str, Package],
) -> None:
    names = set(read(real_packages["store_api"]))  # which requires every distribution

    missing = {
        file.as_posix()
        for distribution in installed()
        for file in distribution.files or ()
        if file.suffix == ".py" and file.parts[0] != ".." and file.as_posix() not in names
    }

    assert {"/".join(name.split("/")[:2]) for name in missing} == {
        "aws_lambda_powertools/event_handler",
        "aws_lambda_powertools/middleware_factory",
        "aws_lambda_powertools/utilities",
        "botocore/docs",
        *(
            name
            for name in {"/".join(name.split("/")[:2]) for name in missing}
            if "urllib3" in name
        ),
    }


def test_a_stand_in_replaces_a_module_that_its_distribution_has() -> None:
    had = {file.as_posix() for each in installed() for file in each.files or ()}

    assert STAND_INS.keys() - had == set()


def test_a_plain_session_makes_its_clients_without_the_texts_of_help(
    real_packages: dict[str, Package], tmp_path: Path
) -> None:
    task = unpack(real_packages["items_api"], tmp_path)
    code = (
        "from botocore.session import Session; c = Session().create_client('dynamodb'); "
        "print(c.get_paginator('scan').paginate.__name__, c.get_item.__name__)"
    )

    made = run_isolated(code, task, environment=ENVIRONMENT)

    assert made.stdout.split() == ["paginate", "get_item"], made.stderr


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_every_declared_distribution_is_locked(service: str) -> None:
    declared = tomllib.loads((REPOSITORY / "services" / service / "package.toml").read_text())

    assert set(declared["requires"]) <= {
        distribution.name.replace("_", "-") for distribution in installed()
    }
