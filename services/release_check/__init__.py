"""Check of new versions before they get traffic."""
