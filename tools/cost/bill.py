"""The bill of a stack at each number of requests, and the quotas that it hits as they grow."""

from collections import defaultdict

from cli.errors import CliError
from cli.stacks import Json
from tools.cost.resources import Resource, table

SCALES = {"Idle": 0.0, "1 M": 1e6, "100 M": 1e8, "1 B": 1e9}  # requests a month
PRICES: dict[str, Json] = table("prices")["price"]
CHARGES: list[Json] = table("charges")["charge"]
FREE: list[str] = table("charges")["free"]
QUOTAS: list[Json] = table("quotas")["quota"]

Bill = dict[str, list[float]]  # US dollars of each service, at each scale


def bill(resources: list[Resource]) -> Bill:
    """Price the resources of a stack.

    Raises `CliError` that names each type in no list of charges.toml, and each price that is
    missing: what would be left out of the sum.
    """
    known = {*FREE, *(row["type"] for row in CHARGES)}
    due = [
        (_price(row, resource), row["quantity"], resource)
        for resource in resources
        for row in CHARGES
        if row["type"] == resource.type and resource.get(row.get("when", "`true`"))
    ]
    wrong = [f"charges.toml lists no {r.type} ({r.name})" for r in resources if r.type not in known]
    wrong += [f"prices.toml has no {name} ({r.name})" for name, _, r in due if name not in PRICES]
    if wrong:
        raise CliError(f"a cost is not known; in tools/cost, {'; '.join(wrong)}")
    found: Bill = defaultdict(lambda: [0.0] * len(SCALES))
    for at, requests in enumerate(SCALES.values()):
        quantities: dict[str, float] = defaultdict(float)
        for name, factors, resource in due:
            quantities[name] += resource.times(factors, requests)
        for name, quantity in quantities.items():
            found[PRICES[name]["service"]][at] += cost(PRICES[name], quantity)
    return dict(found)


def cost(price: Json, quantity: float) -> float:
    """US dollars of a quantity, by its price or by graduated ones."""
    usd = price["usd"]
    spent, below = 0.0, 0.0
    for up_to, each in usd if isinstance(usd, list) else [[float("inf"), usd]]:
        spent += max(0.0, min(quantity, up_to) - below) / price["per"] * each
        below = up_to
    return spent


def limits(resources: list[Resource]) -> dict[str, list[Json]]:
    """Each quota at each scale, the one that is hit first as the first: `used` is a share of it."""
    return {
        name: sorted((_used(each, resources, n) for each in QUOTAS), key=lambda row: -row["used"])
        for name, n in SCALES.items()
    }


def _price(row: Json, resource: Resource) -> str:
    """The name of a charge's price, its expression filled in."""
    before, brace, expression = row["price"].partition("{")
    return f"{before}{resource.get(expression[:-1])}" if brace else before


def _used(quota: Json, resources: list[Resource], requests: float) -> Json:
    of_type = [each for each in resources if each.type == quota["type"]]
    shares = (
        r.times(quota["demand"], requests) / r.times(quota["limit"], requests) for r in of_type
    )
    return {**quota, "used": sum(shares)}
