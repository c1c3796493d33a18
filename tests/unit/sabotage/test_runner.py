"""What counts as caught, on a small checkout."""

from pathlib import Path

import pytest

from tests.sabotage.mutations import Mutation
from tests.sabotage.runner import Verdict, sabotage
from tests.unit.sabotage.checkout import OPENED, RULE, TEST, changed, write


def verdict(root: Path, mutation: Mutation = OPENED) -> Verdict:
    (only,) = sabotage([mutation], root=root)
    return only


def test_a_mutation_is_caught_by_the_test_that_fails(tmp_path: Path) -> None:
    found = verdict(write(tmp_path))

    assert found.caught
    assert found.tests == ("test_a_stranger_is_refused",)


def test_the_checkout_itself_is_not_changed(tmp_path: Path) -> None:
    root = write(tmp_path)
    before = {path: path.read_bytes() for path in root.glob("[!.]*/*")}

    verdict(root)

    assert {path: path.read_bytes() for path in root.glob("[!.]*/*")} == before


def test_a_test_made_toothless_lets_a_mutation_pass(tmp_path: Path) -> None:
    toothless = TEST.replace("assert not is_allowed('stranger')", "pass")

    found = verdict(write(tmp_path, test=toothless))

    assert not found.caught
    assert found.problem == "nothing noticed it"


def test_a_test_that_fails_anyway_catches_nothing(tmp_path: Path) -> None:
    found = verdict(write(tmp_path, test=TEST.replace("assert not", "assert")))

    assert not found.caught
    assert "fails without the change" in found.problem


def test_a_test_that_is_not_there_catches_nothing(tmp_path: Path) -> None:
    found = verdict(write(tmp_path), changed(by="tests/test_rule.py::test_of_another_name"))

    assert not found.caught
    assert "fails without the change" in found.problem


@pytest.mark.parametrize(
    "broken",
    [
        changed(old="def is_allowed", new="def is_permitted"),
        changed(old="return who == 'owner'", new="return undefined"),
        changed(old="return who == 'owner'", new="import nothing_of_this_name"),
    ],
    ids=["not collected", "NameError", "ImportError"],
)
def test_a_test_that_cannot_look_catches_nothing(tmp_path: Path, broken: Mutation) -> None:
    found = verdict(write(tmp_path), broken)

    assert not found.caught


def test_an_error_in_a_fixture_catches_nothing(tmp_path: Path) -> None:
    asking = (
        TEST.replace("refused():", "refused(answer):").replace("is_allowed('stranger')", "answer")
        + "import pytest\n\n@pytest.fixture\ndef answer():\n    return is_allowed('stranger')\n"
    )

    found = verdict(write(tmp_path, test=asking), changed(new="int(who)"))

    assert not found.caught
    assert "ValueError" in found.problem


def test_a_text_that_is_gone_is_an_error(tmp_path: Path) -> None:
    found = verdict(write(tmp_path), changed(old="who == 'master'"))

    assert not found.caught
    assert "0 times in services/rule.py" in found.problem


def test_a_checker_catches_what_it_names(tmp_path: Path) -> None:
    program = "from services.rule import is_allowed; assert not is_allowed('stranger'), 'let in'"
    found = verdict(write(tmp_path), changed(by=f'python -c "{program}"', says="let in"))

    assert found.caught


def test_a_checker_that_fails_for_another_reason_catches_nothing(tmp_path: Path) -> None:
    program = "from services.rule import is_allowed; assert not is_allowed('stranger')"
    found = verdict(write(tmp_path), changed(by=f'python -c "{program}"', says="let in"))

    assert not found.caught


def test_a_checker_that_is_not_installed_catches_nothing(tmp_path: Path) -> None:
    found = verdict(write(tmp_path), changed(by="no-such-checker --all", says="let in"))

    assert not found.caught
    assert "no-such-checker is not installed" in found.problem


def test_an_attack_must_fail_too(tmp_path: Path) -> None:
    root = write(tmp_path)
    (root / "tests/security").mkdir()
    (root / "tests/security/test_attack.py").write_text("def test_in_vain():\n    pass\n", "utf-8")
    attacked = changed(attack="tests/security/test_attack.py::test_in_vain")

    found = list(sabotage([attacked], root=root))

    assert {each.mutation.by: each.problem for each in found} == {
        OPENED.by: "",
        attacked.attack: "nothing noticed it",
    }


def test_what_is_installed_is_changed_in_the_copy_alone(tmp_path: Path) -> None:
    root = write(tmp_path)
    installed = root / ".build/emulator/rule.py"
    installed.parent.mkdir(parents=True)
    installed.write_text(RULE, "utf-8")
    imports = "import sys\nsys.path.insert(0, '.build/emulator')\nfrom rule import is_allowed\n"
    (root / "tests/test_rule.py").write_text(imports + TEST.partition("\n")[2], "utf-8")

    found = verdict(root, changed(file=".build/emulator/rule.py"))

    assert found.caught
    assert installed.read_text("utf-8") == RULE
