"""PostgreSQL: connection, login and password."""
