"""The tables of people: accounts, their sessions, who belongs to which team, and who tried to sign
in and could not. Names are in small letters: an account and a token of one name are one person.
"""

import sqlalchemy as sa

from .tables import METADATA

ACCOUNTS = sa.Table(
    "accounts",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("role", sa.String, nullable=False),  # of record.tokens.Role
    sa.Column("password", sa.Text),  # Argon2id's hash, with its salt; empty: none was set
    sa.Column("link", sa.String, unique=True),  # digest of the code that sets one, once
    sa.Column("link_until", sa.Float),
    sa.Column("subject", sa.String, unique=True),  # issuer and sub at a provider; empty: none
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("disabled_at", sa.Float),
)

SESSIONS = sa.Table(
    "sessions",
    METADATA,
    sa.Column("digest", sa.String, primary_key=True),  # of the cookie: itself is kept nowhere
    sa.Column("name", sa.String, nullable=False, index=True),  # whose
    sa.Column("vouched", sa.String, nullable=False),  # token, account, oidc
    sa.Column("token", sa.String),  # digest of the token that it began with
    sa.Column("network", sa.String, nullable=False),  # where it began
    sa.Column("made_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
    sa.Column("ends_at", sa.Float, nullable=False),  # whatever happens
    sa.Column("ended_at", sa.Float),
)

MEMBERS = sa.Table(
    "members",
    METADATA,
    sa.Column("team", sa.String, primary_key=True),  # as the catalogue calls it
    sa.Column("name", sa.String, primary_key=True, index=True),  # of an account or a token
    sa.Column("role", sa.String),  # theirs in this team's incidents; empty: as everywhere
)

FAILURES = sa.Table(
    "sign_in_failures",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),  # a name, or a name and a network
    sa.Column("count", sa.Integer, nullable=False),  # in a row
    sa.Column("last_at", sa.Float, nullable=False),
)
