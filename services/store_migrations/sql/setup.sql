-- Run before every migration, by the master user; changes nothing the second time.
--   store_owner  owns everything and cannot log in
--   store        what the store's API logs in as: only what migrations grant it

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'store_owner') THEN
        CREATE ROLE store_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'store') THEN
        CREATE ROLE store LOGIN;  -- without a password, which is set after the migrations
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO store', current_database());
END $$;

GRANT store_owner TO CURRENT_USER;

-- A store that waits is worse than one that says so: a request gives up before its caller does.
ALTER ROLE store SET search_path = store;
ALTER ROLE store SET statement_timeout = '3s';
ALTER ROLE store SET lock_timeout = '2s';
ALTER ROLE store SET idle_in_transaction_session_timeout = '5s';

CREATE SCHEMA IF NOT EXISTS store AUTHORIZATION store_owner;
GRANT USAGE ON SCHEMA store TO store;

-- Functions are for everyone unless it is said otherwise.
ALTER DEFAULT PRIVILEGES FOR ROLE store_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

SET ROLE store_owner;
SET search_path = store;

CREATE TABLE IF NOT EXISTS migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
