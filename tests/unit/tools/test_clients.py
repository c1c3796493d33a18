from tools.clients import with_open_patterns


def test_an_object_of_any_names_stays_one_for_a_generator_that_knows_no_patterns() -> None:
    closed: dict[str, object] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"id": {}},
    }
    patterns: dict[str, object] = {"patternProperties": {"^[a-z]+$": {}}}

    found = with_open_patterns({"any": [{**closed, **patterns}], "closed": closed})

    assert found == {"any": [{**closed, "additionalProperties": True}], "closed": closed}
