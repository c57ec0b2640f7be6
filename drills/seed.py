"""What is in the shop's tables before the first customer comes."""

import json
import random

import psycopg

from ..yaml_tables import read_table
from .shop.passwords import hash_password

PRODUCTS = 600
USERS = 300
PASSWORDS = 12  # distinct ones: hashing is slow on purpose
LISTINGS = 120_000

CATEGORIES = ("books", "kitchen", "garden", "music", "toys")
ADJECTIVES, NOUNS = read_table("drills/words.yaml", tuple[list[str], list[str]])
KEYWORDS = tuple(f"{adjective} {noun}" for adjective in ADJECTIVES for noun in NOUNS)

FILL_LISTINGS = """
INSERT INTO listings
SELECT n, (%(words)s::text[])[1 + n %% %(count)s],
    (%(words)s::text[])[1 + n %% %(count)s] || ' no. ' || n, 'seller ' || n %% 97,
    repeat('A well-kept piece with signs of use. ', 3), 500 + n::bigint * 7919 %% 9000,
    n::bigint * 104729 %% 100000
FROM generate_series(1, %(rows)s) AS n
"""
FINISH = "CREATE INDEX listings_keyword ON listings (keyword, popularity DESC)"


def sku(number: int) -> str:
    return f"SKU-{number:04d}"


def user(number: int) -> str:
    return f"customer{number:03d}"


def password(number: int) -> str:
    return f"{NOUNS[number % PASSWORDS]}-{ADJECTIVES[number % PASSWORDS]}-42"


def fill(connection: psycopg.Connection) -> None:
    """The same rows each time."""
    words = list(KEYWORDS)
    connection.execute(
        FILL_LISTINGS.encode(), {"words": words, "count": len(words), "rows": LISTINGS}
    )
    rng = random.Random(20)
    copy(connection, "products", (product(number, rng) for number in range(PRODUCTS)))
    copy(connection, "stock", (stock(number, rng) for number in range(PRODUCTS)))
    hashes = [hash_password(password(number)) for number in range(PASSWORDS)]
    people = ((n + 1, user(n), hashes[n % PASSWORDS]) for n in range(USERS))
    copy(connection, "users", people)
    connection.execute(FINISH.encode())


def copy(connection: psycopg.Connection, table: str, rows) -> None:
    with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as sink:
        for row in rows:
            sink.write_row(row)


def product(number: int, rng: random.Random) -> tuple:
    title = f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}".capitalize()
    category = CATEGORIES[number % len(CATEGORIES)]
    text = f"{title}, from our {category} department."
    return sku(number), title, category, text, rng.randrange(300, 9000), PRODUCTS - number


def stock(number: int, rng: random.Random) -> tuple:
    """Plenty of the popular ones; a few of the others are sold out."""
    on_hand = 0 if number % 83 == 82 else rng.randrange(2000, 9000)
    attributes = json.dumps({"weight_g": rng.randrange(80, 4000), "fragile": rng.random() < 0.2})
    return sku(number), on_hand, 0, rng.choice(("north", "south")), attributes
