-- A catalogue and a history of any size: pages of the shelf, the orders of a product, and an order
-- that looks at its own products alone.

CREATE INDEX products_by_shelf ON products (shelf, sku);
CREATE INDEX order_lines_by_sku ON order_lines (sku);

-- As in 0002_orders.sql, but it never reads the whole catalogue while it holds the locks: it takes
-- its products by their skus, from an index. The planner takes a function that returns rows for a
-- hundred, and would scan the table for them; for an order of fifty lines it would even so.
CREATE OR REPLACE FUNCTION place_order(key text, wanted jsonb) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = store, pg_temp SET enable_seqscan = off AS $$
DECLARE
    skus text[] := ARRAY(SELECT line ->> 'sku' FROM jsonb_array_elements(wanted) AS line);
    placed uuid;
    short record;
BEGIN
    -- Every order locks its products in the same sequence, so that no two wait for each other.
    PERFORM FROM products WHERE sku = ANY (skus) ORDER BY sku FOR NO KEY UPDATE;

    -- Only now: who sends an order twice at once waits above and finds here what the first placed.
    SELECT id INTO placed FROM orders WHERE idempotency_key = key;

    IF placed IS NULL THEN
        SELECT line.sku, line.quantity, product.stock INTO short
            FROM jsonb_to_recordset(wanted) AS line (sku text, quantity integer)
            LEFT JOIN (SELECT sku, stock FROM products WHERE sku = ANY (skus)) AS product
                USING (sku)
            WHERE product.stock IS NULL OR product.stock < line.quantity
            ORDER BY line.sku
            LIMIT 1;
        IF FOUND THEN
            RETURN json_build_object(
                'outcome',
                CASE WHEN short.stock IS NULL THEN 'unknown_product' ELSE 'out_of_stock' END,
                'sku', short.sku, 'wanted', short.quantity, 'left', short.stock
            );
        END IF;

        INSERT INTO orders (idempotency_key) VALUES (key)
            ON CONFLICT DO NOTHING
            RETURNING id INTO placed;
        IF placed IS NOT NULL THEN
            INSERT INTO order_lines (order_id, sku, name, price_amount, currency, quantity)
                SELECT placed, sku, name, price_amount, currency, line.quantity
                FROM jsonb_to_recordset(wanted) AS line (sku text, quantity integer)
                JOIN products USING (sku)
                WHERE sku = ANY (skus);
            UPDATE products SET stock = stock - line.quantity
                FROM jsonb_to_recordset(wanted) AS line (sku text, quantity integer)
                WHERE line.sku = products.sku AND products.sku = ANY (skus);
            RETURN json_build_object('outcome', 'placed', 'order', read_order(placed));
        END IF;

        -- Another order took the key meanwhile; it has other products, or it had been found above.
        RETURN json_build_object('outcome', 'key_in_use');
    END IF;

    IF EXISTS (
        SELECT FROM jsonb_to_recordset(wanted) AS line (sku text, quantity integer)
        FULL JOIN (SELECT sku, quantity FROM order_lines WHERE order_id = placed) AS first
            USING (sku, quantity)
        WHERE line.sku IS NULL OR first.sku IS NULL
    ) THEN
        RETURN json_build_object('outcome', 'key_in_use');
    END IF;
    RETURN json_build_object('outcome', 'repeated', 'order', read_order(placed));
END $$;
