"""The tables of `tap cost`: whole, sourced, dated, and in accord with the stacks."""

import copy
import datetime
import re

import jmespath
import pytest

from tests.unit.synthesized import KINDS
from tools.cost.bill import CHARGES, FREE, PRICES, QUOTAS, bill, limits
from tools.cost.resources import assuming, read, table

EXPRESSIONS = [
    expression
    for row in (*CHARGES, *QUOTAS)
    for expression in (
        *row.get("quantity", ()),
        *row.get("demand", ()),
        *row.get("limit", ()),
        *re.findall(r"{(.*)}", row.get("price", "")),
        row.get("when", "requests"),
    )
    if isinstance(expression, str)
]
ASSUMED = {row["name"] for row in assuming([])}
# Settings that would be billed, and that no stack uses: their charges name a price on purpose.
NOT_PRICED = {
    "apigateway.cache",
    "dynamodb.provisioned",
    "dynamodb.stream",
    "lambda.pollers",
    "lambda.storage",
    "rds.iops",
}


@pytest.fixture(params=["dev", "qa", "prod"])
def environment(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_every_resource_of_every_stack_has_its_price_or_is_free(environment, kind):
    resources = read(kind, environment.other(kind).template, assuming([]))

    assert all(min(costs) >= 0 for costs in bill(resources).values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_stack_has_a_quota_that_it_hits_first(environment, kind):
    found = limits(read(kind, environment.other(kind).template, assuming([])))

    assert 0 < found["1 M"][0]["used"] < found["1 B"][0]["used"]


def test_a_planted_nat_gateway_raises_the_idle_cost_by_its_price(store):
    planted = copy.deepcopy(store.template)
    planted["Resources"]["Planted"] = {"Type": "AWS::EC2::NatGateway", "Properties": {}}
    before, after = (
        sum(costs[0] for costs in bill(read("Store", each, assuming([]))).values())
        for each in (store.template, planted)
    )

    assert after - before == pytest.approx(730 * 0.045)


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_every_expression_asks_properties_and_assumptions_that_there_are(expression):
    jmespath.compile(expression)
    names = set(
        re.findall(r"(?<![.\w])[a-z_]+\b(?!['\"(:])", re.sub(r"'[^']*'|\"[^\"]*\"", "", expression))
    )

    assert names <= ASSUMED | {"requests", "used", "rate", "types", "length"}


@pytest.mark.parametrize("name", sorted(ASSUMED - {"peak"}))
def test_every_assumption_is_used(name):
    assert any(re.search(rf"\b{name}\b", each) for each in EXPRESSIONS)


@pytest.mark.parametrize("name", sorted(ASSUMED))
def test_every_assumption_holds_for_all_before_it_is_one_of_some(name):
    first = next(row for row in assuming([]) if row["name"] == name)

    assert first["of"] == ""


def test_every_assumption_says_where_it_comes_from():
    sources = {row["source"].partition(":")[0] for row in assuming([])}

    assert sources == {"assumed", "decided", "measured"}


@pytest.mark.parametrize("of", sorted({row["of"] for row in assuming([])}))
def test_every_assumption_of_some_resources_finds_them(dev, of):
    found = [
        each
        for kind in KINDS
        for each in read(
            f"{kind}dev", dev.other(kind).template, [{"of": of, "name": "x", "value": 1}]
        )
        if "x" in each.known
    ]

    assert found


def test_every_price_is_charged():
    charged = {re.sub(r"\{.*\}", "", row["price"]) for row in CHARGES}

    assert [name for name in PRICES if not any(name.startswith(each) for each in charged)] == []


def test_no_charge_lacks_a_price_by_mistake():
    names = {row["price"] for row in CHARGES if "{" not in row["price"]}

    assert names - PRICES.keys() == NOT_PRICED


def test_a_type_is_free_or_billed_and_not_both():
    assert {row["type"] for row in CHARGES} & set(FREE) == set()


@pytest.mark.parametrize("name", PRICES)
def test_every_price_has_its_source_and_says_whether_it_was_confirmed(name):
    assert table("prices")["source"][name.split(".")[0]].startswith("https://aws.amazon.com/")
    assert PRICES[name]["confirmed"] in {"aws", "others", "no"}


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda row: row["name"])
def test_every_quota_has_its_source_and_says_how_to_raise_it(quota):
    assert quota["source"]
    assert quota["raise"]
    assert quota["confirmed"] in {"aws", "others", "no"}


@pytest.mark.parametrize("name", ["prices", "quotas"])
def test_a_table_of_aws_says_of_which_day_it_is(name):
    assert datetime.date.fromisoformat(table(name)["date"])
