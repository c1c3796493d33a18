"""What cannot be built is refused in one line that says what to do."""

import shutil

import pytest

from lib.packaging import PackageError
from lib.packaging.roots import amazon_roots
from tests.unit.lib.packaging.checkout import REPOSITORY, Checkout


def refusal(checkout: Checkout, service: str = "one") -> str:
    """The message of a refused build, which is one line."""
    with pytest.raises(PackageError) as refused:
        checkout.build(service)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("package", "problem", "remedy"),
    [
        (
            'requires = ["requests"]',
            "package.toml requires 'requests', which requirements/functions.txt does not lock",
            "add it to requirements/functions.in and lock again, or take it out",
        ),
        ('requires = "alpha"', "{}: requires is 'alpha'", 'make it a list of strings, ["..."]'),
        ("requires = [1]", "{}: requires is [1]", 'make it a list of strings, ["..."]'),
        ('aws = ["s3"]', "{}: aws is ['s3']", "make it a table, service = [operations]"),
        (
            'requires = ["botocore"]\n[aws]\ns3 = "GetObject"',
            "{}: [aws] s3 is 'GetObject'",
            'make it a list of strings, ["..."]',
        ),
        (
            '[aws]\ns3 = ["GetObject"]',
            "{} has an [aws] table without botocore",
            "add it to requires",
        ),
        ("require = []", "{} has unknown keys ['require']", "use only requires and [aws]"),
        (
            "requires = [",
            "{} is not valid TOML: Invalid value (at end of document)",
            "correct it there",
        ),
    ],
)
def test_a_wrong_package_toml_is_refused_with_what_to_do(
    checkout: Checkout, package: str, problem: str, remedy: str
) -> None:
    checkout.with_service("one", package)

    name = "services/one/package.toml"
    assert refusal(checkout) == f"{problem.format(name)}; {remedy}"


def test_an_unknown_service_is_refused_with_those_there_are(checkout: Checkout) -> None:
    checkout.with_service("one").with_service("two")

    assert refusal(checkout, "tow") == (
        "no such service: 'tow' has no services/tow/package.toml; "
        "add one, or name one of ['one', 'two']"
    )


def test_a_dependency_that_is_not_locked_is_refused_with_who_wants_it(checkout: Checkout) -> None:
    checkout.with_distribution("alpha", requires=("beta",))
    checkout.with_service("one", 'requires = ["alpha"]')

    assert "alpha requires 'beta', which requirements/functions.txt" in refusal(checkout)


def test_nothing_installed_is_refused_with_the_command_that_installs(checkout: Checkout) -> None:
    checkout.with_distribution("alpha").with_service("one", 'requires = ["alpha"]')
    shutil.rmtree(checkout.root / ".build")

    assert refusal(checkout) == (
        ".build/site does not hold alpha 1.0; "
        "run `make up`, which installs requirements/functions.txt into .build/site"
    )


def test_another_version_than_the_locked_is_refused(checkout: Checkout) -> None:
    checkout.with_distribution("alpha").with_service("one", 'requires = ["alpha"]')
    checkout.write("requirements/functions.txt", "alpha==2.0 \\\n    --hash=sha256:00\n")

    assert ".build/site does not hold alpha 2.0; run `make up`" in refusal(checkout)


def test_half_an_installation_is_refused(checkout: Checkout) -> None:
    checkout.with_distribution("alpha").with_service("one", 'requires = ["alpha"]')
    (checkout.root / ".build/site/alpha.py").unlink()

    assert "alpha.py is missing; run `make up`" in refusal(checkout)


def test_a_checkout_without_its_lock_file_is_refused(checkout: Checkout) -> None:
    checkout.with_service("one")
    (checkout.root / "requirements/functions.txt").unlink()

    assert "requirements/functions.txt is missing" in refusal(checkout)


def test_a_module_that_is_not_python_is_refused_with_its_place(checkout: Checkout) -> None:
    checkout.with_service("one", "", "def lambda_handler(:\n")

    message = refusal(checkout)

    assert "services/one/handler.py" in message
    assert "line 1" in message
    assert "SyntaxError: invalid syntax" in message


def test_a_refused_build_leaves_nothing_behind(checkout: Checkout) -> None:
    checkout.with_service("one", "", "def lambda_handler(:\n")
    refusal(checkout)

    left = [path.name for path in (checkout.root / ".build/packages").iterdir()]

    assert left == ["parts"]


def test_a_bundle_without_one_of_amazons_roots_is_refused() -> None:
    bundle = (REPOSITORY / ".build/site/botocore/cacert.pem").read_text()
    roots = amazon_roots(bundle)

    with pytest.raises(PackageError, match=r"lacks \['Amazon Root CA 1'\]") as refused:
        amazon_roots(roots.partition("# Amazon Root CA 2")[2])

    assert "\n" not in str(refused.value)
