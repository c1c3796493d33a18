"""botocore acts in a package, with its data and its handlers, as it does with all of its own."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.packaging import PackageError
from lib.packaging.package import Package
from tests.unit.lib.packaging.aws_probe import SAMPLES
from tests.unit.lib.packaging.checkout import REAL_SERVICES, REPOSITORY, Checkout, read, unpack

EVERY_SAMPLE = {service: sorted(operations) for service, operations in SAMPLES.items()}
# With which clients tell Lambda whose request is behind theirs.
IN_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f", "_X_AMZN_TRACE_ID": "Root=1-a-b"}
Unpacked = Callable[[str], tuple[Path, dict[str, list[str]]]]
USES = 'requires = ["aws-lambda-powertools", "botocore"]\n[aws]\n%s'


def probe(site: Path, declared: dict[str, list[str]], *own: str) -> dict[str, object]:
    """Run the probe on the botocore of a folder, with `--own` on the session of the functions."""
    program = Path(__file__).with_name("aws_probe.py")
    result = subprocess.run(
        [sys.executable, "-S", "-s", "-P", str(program), json.dumps(declared), *own],
        env={"PYTHONPATH": str(site), **IN_LAMBDA},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    results: dict[str, object] = json.loads(result.stdout)
    return results


@pytest.fixture(name="with_full_data", scope="module")
def probe_full_data() -> dict[str, object]:
    """What botocore does with all of its data."""
    return probe(REPOSITORY / ".build/site", EVERY_SAMPLE)


@pytest.fixture(name="unpacked")
def unpack_real(real_packages: dict[str, Package], tmp_path: Path) -> Unpacked:
    """Unpacks the package of a real service; tells its folder, and what it declares of AWS."""

    def unpacked(service: str) -> tuple[Path, dict[str, list[str]]]:
        declared = tomllib.loads((REPOSITORY / f"services/{service}/package.toml").read_text())
        return unpack(real_packages[service], tmp_path), declared["aws"]

    return unpacked


def differences(full: dict[str, object], trimmed: dict[str, object]) -> dict[str, object]:
    """What was probed in the trimmed data and acts otherwise in the full."""
    return {
        name: (full.get(name), result)
        for name, result in trimmed.items()
        if result != full.get(name)
    }


@pytest.mark.parametrize("service", REAL_SERVICES)
def test_the_session_and_the_data_of_a_service_act_as_a_plain_session_and_all_data_do(
    service: str, unpacked: Unpacked, with_full_data: dict[str, object]
) -> None:
    task, declared = unpacked(service)

    trimmed = probe(task, declared, "--own")
    assert trimmed
    assert differences(with_full_data, trimmed) == {}


def test_the_probe_notices_data_that_acts_otherwise(
    locked_checkout: Checkout, tmp_path: Path, with_full_data: dict[str, object]
) -> None:
    declared = {"secretsmanager": ["GetSecretValue"]}
    locked_checkout.with_service("one", USES % 'secretsmanager = ["GetSecretValue"]')
    task = unpack(locked_checkout.build("one"), tmp_path / "task")
    (model,) = task.glob("botocore/data/secretsmanager/*/service-2.json")

    model.write_text(model.read_text().replace('"SecretBinary"', '"SecretBytes"'))

    changed = differences(with_full_data, probe(task, declared))
    assert "secretsmanager, us-east-1: GetSecretValue answers None" in changed


@pytest.mark.parametrize(
    ("service", "handler", "noticed"),
    [
        ("items_api", "add_recursion_detection_header", "dynamodb, eu-west-1: Query answers None"),
        ("items_api", "_handle_200_error", "s3, us-east-1: DeleteObject answers InternalError"),
        (
            "partner_api",
            "_handle_sqs_compatible_error",
            "sqs, us-east-1: SendMessage answers QueueDoesNotExist",
        ),
    ],
)
def test_the_probe_notices_a_handler_that_is_missing(
    service: str,
    handler: str,
    noticed: str,
    unpacked: Unpacked,
    with_full_data: dict[str, object],
) -> None:
    task, declared = unpacked(service)
    source = task / "services/shared/aws.py"
    others = f"(h for h in BUILTIN_HANDLERS if getattr(h[1], '__name__', '') != '{handler}')"

    source.write_text(source.read_text().replace("in BUILTIN_HANDLERS:", f"in {others}:"))
    for bytecode in source.parent.glob("__pycache__/aws.*"):
        bytecode.unlink()

    assert noticed in differences(with_full_data, probe(task, declared, "--own"))


def test_a_package_holds_data_for_the_declared_services_and_operations_alone(
    locked_checkout: Checkout,
) -> None:
    locked_checkout.with_service("one", USES % 'dynamodb = ["GetItem"]')

    files = read(locked_checkout.build("one"))

    folder = "botocore/data/dynamodb/2012-08-10"
    assert {name for name in files if name.startswith("botocore/data/")} == {
        "botocore/data/_retry.json",
        "botocore/data/endpoints.json",
        "botocore/data/partitions.json",
        "botocore/data/sdk-default-configuration.json",
        f"{folder}/endpoint-rule-set-1.json",
        f"{folder}/paginators-1.json",
        f"{folder}/service-2.json",
        f"{folder}/waiters-2.json",
    }
    model = json.loads(files[f"{folder}/service-2.json"])
    assert set(model["operations"]) == {"GetItem", "DescribeEndpoints"}
    assert "PutItemInput" not in model["shapes"]
    assert "ConditionalCheckFailedException" in model["shapes"]
    partitions = json.loads(files["botocore/data/endpoints.json"])["partitions"]
    assert {service for partition in partitions for service in partition["services"]} == {
        "dynamodb"
    }


def test_a_service_whose_answers_need_no_paging_has_data_all_the_same(
    locked_checkout: Checkout,
) -> None:
    locked_checkout.with_service("one", USES % 'pinpoint = ["GetApps"]')

    files = read(locked_checkout.build("one"))

    assert {name.rpartition("/")[2] for name in files if "data/pinpoint/" in name} == {
        "endpoint-rule-set-1.json",
        "service-2.json",
    }


@pytest.mark.parametrize(
    ("aws", "problem"),
    [
        ('dynamo = ["GetItem"]', "names 'dynamo'.*client name"),
        ('dynamodb = ["get_item", "GetItem"]', r"dynamodb names \['get_item'\].*GetItem"),
    ],
)
def test_a_service_or_operation_that_aws_does_not_have_is_refused(
    locked_checkout: Checkout, aws: str, problem: str
) -> None:
    locked_checkout.with_service("one", USES % aws)

    with pytest.raises(PackageError, match=problem) as refused:
        locked_checkout.build("one")

    assert "\n" not in str(refused.value)
