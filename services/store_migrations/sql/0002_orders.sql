-- Orders. The role `store` has no right to these tables, only to the functions below: it can place
-- an order and read the one whose id it knows, and neither list, change nor delete any.

CREATE TABLE orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    idempotency_key text NOT NULL UNIQUE CHECK (idempotency_key ~ '^[A-Za-z0-9_-]{16,64}$'),
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_lines (
    order_id uuid NOT NULL REFERENCES orders,
    sku text NOT NULL REFERENCES products,
    -- As they were when the order was placed.
    name text NOT NULL,
    price_amount integer NOT NULL CHECK (price_amount > 0),
    currency text NOT NULL CHECK (currency = 'EUR'),
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 99),
    total_amount bigint NOT NULL GENERATED ALWAYS AS (price_amount::bigint * quantity) STORED,
    PRIMARY KEY (order_id, sku)
);

-- No order without a line, whoever writes it. Looked at when the transaction ends, which is outside
-- of place_order and its rights.
CREATE FUNCTION refuse_empty_order() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = store, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM order_lines WHERE order_id = NEW.id) THEN
        RAISE EXCEPTION 'order % has no line', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER orders_have_lines AFTER INSERT ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_empty_order();

CREATE FUNCTION money(amount bigint, currency text) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_build_object('amount', amount, 'currency', currency)
$$;

-- The order as the API shows it, with totals; NULL when there is none.
CREATE FUNCTION read_order(wanted uuid) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = store, pg_temp AS $$
    SELECT json_build_object(
        'id', o.id,
        'placed_at', to_char(o.placed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'lines', json_agg(
            json_build_object(
                'sku', l.sku,
                'name', l.name,
                'quantity', l.quantity,
                'price', money(l.price_amount, l.currency),
                'total', money(l.total_amount, l.currency)
            ) ORDER BY l.sku
        ),
        'total', money(sum(l.total_amount)::bigint, min(l.currency))
    )
    FROM orders AS o JOIN order_lines AS l ON l.order_id = o.id
    WHERE o.id = wanted
    GROUP BY o.id
$$;

-- Places an order: all lines or none. `wanted` is [{"sku": ..., "quantity": ...}, ...].
--
-- Answers {"outcome": "placed" | "repeated", "order": ...}, or, with nothing changed,
-- {"outcome": "out_of_stock" | "unknown_product", "sku", "wanted", "left"} or
-- {"outcome": "key_in_use"}.
CREATE FUNCTION place_order(key text, wanted jsonb) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = store, pg_temp AS $$
DECLARE
    placed uuid;
    short record;
BEGIN
    -- Every order locks its products in the same sequence, so that no two wait for each other.
    PERFORM FROM products
        WHERE sku IN (SELECT line ->> 'sku' FROM jsonb_array_elements(wanted) AS line)
        ORDER BY sku
        FOR NO KEY UPDATE;

    -- Only now: who sends an order twice at once waits above and finds here what the first placed.
    SELECT id INTO placed FROM orders WHERE idempotency_key = key;

    IF placed IS NULL THEN
        SELECT line.sku, line.quantity, product.stock INTO short
            FROM jsonb_to_recordset(wanted) AS line (sku text, quantity integer)
            LEFT JOIN products AS product USING (sku)
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
                JOIN products USING (sku);
            UPDATE products SET stock = stock - line.quantity
                FROM order_lines AS line
                WHERE line.order_id = placed AND line.sku = products.sku;
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

GRANT EXECUTE ON FUNCTION read_order(uuid), place_order(text, jsonb) TO store;
