"""What a package holds of `services/`: the files that its handler reaches."""

import pytest

from lib.packaging import PackageError
from tests.unit.lib.packaging.checkout import Checkout, read

BESIDE = "from pathlib import Path\n\nFILE = Path(__file__).with_name({!r})\n"


def sources(checkout: Checkout) -> set[str]:
    """What the package of service `one` holds, besides bytecode and the packages around it."""
    names = read(checkout.build("one"))
    return {
        name.removeprefix("services/")
        for name in names
        if not name.endswith((".pyc", "__init__.py"))
    }


@pytest.mark.parametrize(
    "statement",
    [
        "import services.shared.text",
        "import services.shared.text as words",
        "from services.shared import text",
        "from services.shared.text import plain",
        "def later():\n    from services.shared import text",
        "if __debug__:\n    import services.shared.text",
    ],
)
def test_an_import_is_followed_however_and_wherever_it_is_written(
    checkout: Checkout, statement: str
) -> None:
    checkout.with_service("one", "", f"{statement}\n")
    checkout.write("services/shared/text.py", "plain = str\n")

    assert sources(checkout) == {"one/handler.py", "shared/text.py"}


def test_imports_of_imports_are_followed_and_what_nothing_imports_is_left_out(
    checkout: Checkout,
) -> None:
    checkout.with_service("one", "", "from services.one import first\n")
    checkout.write("services/one/first.py", "import services.shared.deep.second\n")
    checkout.write("services/one/unused.py", "")
    checkout.write("services/shared/deep/__init__.py", "import services.shared.third\n")
    checkout.write("services/shared/deep/second.py", "import services.one.first\n")
    checkout.write("services/shared/third.py", "import json\n")
    checkout.write("services/shared/unused.py", "")

    assert sources(checkout) == {
        "one/first.py",
        "one/handler.py",
        "shared/deep/second.py",
        "shared/third.py",
    }


def test_the_packages_around_a_module_come_with_it(checkout: Checkout) -> None:
    checkout.with_service("one", "", "import services.shared.deep.second\n")
    checkout.write("services/shared/deep/__init__.py", "")
    checkout.write("services/shared/deep/second.py", "")

    assert {name for name in read(checkout.build("one")) if name.endswith("__init__.py")} == {
        "services/__init__.py",
        "services/one/__init__.py",
        "services/shared/__init__.py",
        "services/shared/deep/__init__.py",
    }


def test_a_file_or_folder_that_a_reached_module_names_beside_it_is_packaged(
    checkout: Checkout,
) -> None:
    checkout.with_service("one", "", f"import services.shared.roots\n{BESIDE.format('sql')}")
    checkout.write("services/shared/roots.py", BESIDE.format("roots.pem"))
    for name in ("one/sql/1.sql", "one/sql/.1.sql.swp", "shared/roots.pem", "shared/other.pem"):
        checkout.write(f"services/{name}", "")

    assert sources(checkout) == {
        "one/handler.py",
        "one/sql/1.sql",
        "shared/roots.py",
        "shared/roots.pem",
    }


@pytest.mark.parametrize(
    ("handler", "refusal"),
    [
        (
            "\nimport importlib\n",
            "services/one/handler.py line 2 uses importlib; write an import statement",
        ),
        (
            "from importlib import import_module\n",
            "services/one/handler.py line 1 uses importlib; write an import statement",
        ),
        (
            "part = __import__('services.shared.' + 'text')\n",
            "services/one/handler.py line 1 uses __import__; write an import statement",
        ),
        (
            "from . import first\n",
            "services/one/handler.py line 1 imports by a relative name; write the whole name",
        ),
        (
            "import services.two.handler\n",
            (
                "services/one/handler.py line 1 imports services.two.handler of another service; "
                "move what both need to services/shared"
            ),
        ),
        (
            "from services import two\n",
            (
                "services/one/handler.py line 1 imports services.two of another service; "
                "move what both need to services/shared"
            ),
        ),
        (
            "import services.shared.gone\n",
            "services.shared.gone is imported and not there; correct the import, or add it",
        ),
        (
            "from pathlib import Path\nROOTS = Path(__file__).parent / 'roots.pem'\n",
            (
                "services/one/handler.py line 2 reads files that cannot be followed; "
                'write Path(__file__).with_name("...")'
            ),
        ),
        (
            BESIDE.format("roots.pem"),
            "services/one/handler.py reads roots.pem, which is not beside it; add it",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused_in_a_line(
    checkout: Checkout, handler: str, refusal: str
) -> None:
    checkout.with_service("one", "", handler).with_service("two")

    with pytest.raises(PackageError) as refused:
        checkout.build("one")

    assert str(refused.value) == refusal
