-- How many rows a table has, and the sum of their digests, by the first byte of the digest: the same
-- for the same rows in any order; a row that is lost, changed or doubled shows.

SELECT
    get_byte(digest, 0),
    count(*),
    sum(('x' || encode(substr(digest, 2, 7), 'hex'))::bit(56)::bigint)::text
FROM (SELECT sha256(convert_to(it::text, 'UTF8')) AS digest FROM {table} AS it) AS hashed
GROUP BY 1;
