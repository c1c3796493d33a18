"""`tap cost` as it is typed."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from cli import main as cli
from cli.errors import CliError
from localcloud import cdk


def run(*arguments):
    return CliRunner().invoke(cli.app, ["cost", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def synthesized(dev, monkeypatch):
    """What the CDK CLI was asked to synthesize, each time."""
    asked = []

    def synthesize(_app, arguments, environ, _log):
        asked.append([each for each in arguments if not each.startswith("--output")])
        (folder,) = (each.partition("=")[2] for each in arguments if each.startswith("--output"))
        assert environ["CDK_VALIDATION"] == "false"
        shutil.copytree(dev.assembly, folder)

    monkeypatch.setattr(cdk, "run", synthesize)
    return asked


def test_json_has_each_service_of_each_stack_at_each_scale(dev):
    found = json.loads(run("--app", dev.assembly, "--json").stdout)

    assert found["scales"] == [0, 1e6, 1e8, 1e9]
    assert found["stacks"]["EcommerceStackdev"]["services"]["VPC"][0] == pytest.approx(7.30)


def test_the_table_has_the_dearest_first_and_the_sum_above_all(dev):
    lines = run("--app", dev.assembly).stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if line.strip() == "EcommerceStackdev")

    assert lines[at + 1].split()[0] == "Sum"
    assert "█" in lines[at + 1]


def test_the_table_says_how_the_first_quota_is_raised(dev):
    assert "-c apiRateLimit=N" in run("--app", dev.assembly).stdout


def test_the_sources_are_synthesized_with_the_settings_that_are_given(synthesized):
    run("-c", "environmentSuffix=prod", "--json")

    assert synthesized == [["synth", "--quiet", "--context=environmentSuffix=prod"]]


def test_a_setting_to_compare_with_comes_after_the_settings_of_both(synthesized):
    run("-c", "environmentSuffix=prod", "--compare", "natGateways=zone", "--json")

    assert synthesized[1][2:] == ["--context=environmentSuffix=prod", "--context=natGateways=zone"]


def test_where_two_folders_differ_both_sums_are_shown(dev, qa):
    shown = run("--app", dev.assembly, "--compare", qa.assembly).stdout

    assert "EcommerceStackdev → EcommerceStackqa" in shown
    assert "13.98 → 51.32" in shown


def test_what_is_the_same_in_both_is_shown_once(dev):
    assert "→" not in run("--app", dev.assembly, "--compare", dev.assembly).stdout


def test_an_assumption_of_ones_own_holds(dev):
    found = json.loads(run("--app", dev.assembly, "--assume", "hours=0", "--json").stdout)

    assert found["stacks"]["EcommerceStackdev"]["services"]["VPC"][0] == 0


def test_a_folder_without_templates_is_refused(tmp_path):
    with pytest.raises(CliError, match="has no templates; name a folder that was synthesized"):
        run("--app", tmp_path)
