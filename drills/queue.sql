-- The parcel desk's tables: queues, what was given up, and what came of it.
CREATE TABLE jobs (
    id bigserial PRIMARY KEY, queue text NOT NULL, payload text NOT NULL, trace text NOT NULL,
    attempts int NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now(),
    run_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX jobs_next ON jobs (queue, id);
CREATE TABLE dead_letters (
    id bigint PRIMARY KEY, queue text NOT NULL, payload text NOT NULL, error text NOT NULL);
CREATE TABLE carriers (code text PRIMARY KEY, layout text NOT NULL);
INSERT INTO carriers VALUES ('swift', '{"wide": 40}'), ('parcelo', '{"wide": 44}'),
    ('northpost', '{"wide": 48}'), ('quickbox', '{"wide": 52}');
CREATE TABLE parcels (order_id text NOT NULL, carrier text NOT NULL, label text NOT NULL);
CREATE TABLE notices (order_id text NOT NULL, text text NOT NULL);

-- The wait is the address register's: it answers from across the network.
CREATE FUNCTION address_known(code text) RETURNS boolean AS $$
BEGIN
    PERFORM pg_sleep(0.25);
    RETURN length(code) > 0;
END $$ LANGUAGE plpgsql;
