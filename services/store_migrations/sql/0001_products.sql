-- What the store sells. Run as store_owner, with search_path store.
-- The store itself (role `store`) may look at it, and change it only by placing an order.

CREATE TABLE products (
    sku text PRIMARY KEY CHECK (sku ~ '^[A-Z][A-Z0-9-]{1,31}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL CHECK (char_length(description) <= 1000),
    -- In minor units. One currency, so that a total is one amount; a second one would be a decision.
    price_amount integer NOT NULL CHECK (price_amount BETWEEN 1 AND 100000000),
    currency text NOT NULL DEFAULT 'EUR' CHECK (currency = 'EUR'),
    stock integer NOT NULL CHECK (stock >= 0),
    -- Relative to the page: no picture can come from elsewhere.
    image text NOT NULL CHECK (image ~ '^images/[a-z0-9-]{1,64}\.svg$'),
    shelf integer NOT NULL DEFAULT 0
);

COMMENT ON COLUMN products.shelf IS 'where it stands on the page: by shelf, then by sku';

GRANT SELECT ON products TO store;
