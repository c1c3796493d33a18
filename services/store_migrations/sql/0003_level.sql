-- The store's API tells in its health whether the database has what its code needs: it may read
-- how far the migrations have come, and no more of them.

GRANT SELECT (number) ON migrations TO store;
