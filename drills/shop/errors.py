"""Errors that have an HTTP status of their own."""


class ShopError(Exception):
    """An error that the caller may see, with the status it is answered with."""

    status = 500


class BadRequest(ShopError):
    """The caller's input cannot be used."""

    status = 400


class NotFound(ShopError):
    """There is no such thing."""

    status = 404


class Overloaded(ShopError):
    """The request waited too long for its turn."""

    status = 503


class UpstreamFailed(ShopError):
    """A service we depend on answered with an error of its own."""

    status = 502


class UpstreamTimeout(ShopError):
    """A service we depend on did not answer in time."""

    status = 504


class NoEndpoint(ShopError):
    """No active instance of a service we depend on."""

    status = 503
