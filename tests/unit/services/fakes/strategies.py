"""What hypothesis draws: JSON values, as `exact_json` has them."""

from decimal import Decimal

from hypothesis import strategies as st

from services.shared.http import exact_json

keepable_numbers = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
    st.integers(-130, 88),
)
_numbers = keepable_numbers.map(lambda number: exact_json.number(str(number)))
_scalars = st.none() | st.booleans() | _numbers | st.text(max_size=20)
values = st.recursive(
    _scalars,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=8,
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda name: name not in ("id", "version", "created_at", "updated_at")
)
keepable_values = st.recursive(
    _scalars,
    lambda parts: (
        st.lists(parts, max_size=4) | st.dictionaries(st.text(min_size=1), parts, max_size=4)
    ),
    max_leaves=8,
)
attributes = st.dictionaries(names, keepable_values, max_size=5)
# JSON in general: also what Python's own parser takes and we do not.
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=8,
)
