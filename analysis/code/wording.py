"""Names of code, metrics and logs as plain words, so that one pattern reads all of them."""

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_JOINT = re.compile(r"[_\-./:]+|\s+")


def plain(text: str) -> str:
    """`maxPoolSize`, `max_pool_size` and `max-pool-size` all become `max pool size`."""
    return _JOINT.sub(" ", _CAMEL.sub(" ", text)).lower()
