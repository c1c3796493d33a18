from tap import build_app
from tests.unit.synthesized import SynthesizedStack, context
from tools.acknowledgements import PAGE, listed, page


def test_no_acknowledgement_sits_on_a_stack(dev: SynthesizedStack, prod: SynthesizedStack) -> None:
    for stack in (dev, prod):
        assert all("/" in each.construct for each in listed(stack.assembly))


def test_every_acknowledgement_says_why(dev: SynthesizedStack, prod: SynthesizedStack) -> None:
    acknowledged = listed(dev.assembly) | listed(prod.assembly)

    assert acknowledged
    assert all(each.reason.endswith(".") and len(each.reason) > 30 for each in acknowledged)


def test_no_acknowledgement_sits_on_the_app() -> None:
    app = build_app(context=context())

    assert not [each for each in app.node.metadata if "acknowledged" in each.type]


def test_the_list_in_the_security_page_is_current(
    dev: SynthesizedStack,
    prod: SynthesizedStack,
    edge: SynthesizedStack,
    delivery: SynthesizedStack,
    previews: SynthesizedStack,
) -> None:
    text = PAGE.read_text("utf-8")
    stacks = (dev, prod, edge, delivery, previews)

    assert page(text, set().union(*(listed(each.assembly) for each in stacks))) == text
