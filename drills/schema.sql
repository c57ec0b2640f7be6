-- The shop's tables, before they are filled.
CREATE TABLE products (
    sku text PRIMARY KEY, title text NOT NULL, category text NOT NULL, description text NOT NULL,
    price_cents int NOT NULL, popularity int NOT NULL);
CREATE INDEX products_popularity ON products (popularity DESC);
CREATE TABLE stock (
    sku text PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL, warehouse text NOT NULL,
    attributes text NOT NULL);
CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE NOT NULL, password text NOT NULL);
CREATE TABLE cart_items (session text NOT NULL, sku text NOT NULL, quantity int NOT NULL);
CREATE INDEX cart_items_session ON cart_items (session);
CREATE TABLE orders (
    id text PRIMARY KEY, session text NOT NULL, total_cents int NOT NULL, coupon text,
    placed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE payments (
    id text PRIMARY KEY, amount_cents int NOT NULL, brand text NOT NULL, outcome text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE listings (
    id int PRIMARY KEY, keyword text NOT NULL, title text NOT NULL, seller text NOT NULL,
    details text NOT NULL, price_cents int NOT NULL, popularity int NOT NULL);

-- The wait is the ranking appliance's: it answers from across the network.
CREATE FUNCTION ranking_weights(term text) RETURNS TABLE (weight double precision) AS $$
BEGIN
    PERFORM pg_sleep(0.12);
    RETURN QUERY SELECT 1 + length(term) / 100.0::double precision;
END $$ LANGUAGE plpgsql;
