"""What every test may use: a fresh database of each kind. And how property tests run everywhere:
the machine may be shared, so slowness is no failure."""

from hypothesis import HealthCheck, settings

from warroom.tests.support.databases import place, server

__all__ = ["place", "server"]

settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("house")
