"""The one layer that sends a request again: what passes is waited out, the rest is said plainly."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
import tenacity

from ..errors import ModelError, ModelRefused, ModelUnavailable
from .stream import Raw
from .wire import CONTEXT, ChatRequest, Wire

UNSUPPORTED = (400, 404, 422, 500, 501)
"""How endpoints say that they do not know a response format or tools; 500 is llama.cpp's way."""
PASSING = (408, 409, 425, 429)
"""Client errors that may be gone a moment later; all of 5xx may be as well."""
KEY = (401, 403)
JITTER = tenacity.wait_exponential_jitter(multiplier=0.5, max=8, jitter=0.5)


class Unsupported(ModelUnavailable):
    """This rung is not for this endpoint: the ladder steps down. Never leaves the boundary."""


class Broken(ModelUnavailable):
    """The answer broke off, or was empty; asked again it may come."""


class Retrying:
    """Sends requests through a wire, at most `retries` times more than once."""

    def __init__(
        self, wire: Wire, retries: int = 2, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.wire = wire
        self.retries = retries
        self.sleep = sleep

    def send(self, request: ChatRequest, firm: bool) -> Raw:
        """The answer. `firm`: the endpoint is known to understand such a request, or there is no
        simpler one; an error then means trouble, not a lack.

        Raises Unsupported when not firm, ModelRefused, and ModelUnavailable after the retries.
        """
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: passing(error, firm)),
            stop=lambda state: self._over(state, request),
            wait=_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return again(self._once, request)
        except openai.OpenAIError as error:
            raise _plain(error, firm, request) from error
        except Broken as error:
            raise ModelUnavailable(f"{error}, {_times(request)}") from error

    def _once(self, request: ChatRequest) -> Raw:
        try:
            raw = self.wire.send(request)
        except ValueError as error:  # neither JSON nor a chat completion
            raise Broken(f"the model's stream was garbled ({error})"[:200]) from error
        if raw.refusal or raw.finish == "content_filter":
            raise ModelRefused(f"the model declined: {raw.refusal or 'its content filter'}"[:300])
        if not raw.finish:
            raise Broken("the model's answer broke off")
        if not raw.calls and not raw.text.strip() and raw.finish != "length":
            raise Broken("the model's answer was empty")
        return raw

    def _over(self, state: tenacity.RetryCallState, request: ChatRequest) -> bool:
        """No attempt is left, or the wait would outlast the deadline. A server that names a later
        moment is not asked before it: the floor, or another model, answers instead."""
        late = state.upcoming_sleep >= request.deadline.left
        return late or state.attempt_number > self.retries


def passing(error: BaseException, firm: bool) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, openai.APIStatusError):
        if error.code == "insufficient_quota":  # a 429 that no waiting cures
            return False
        status = error.status_code
        lacking = not firm and status in UNSUPPORTED
        return not lacking and (status in PASSING or status >= 500)
    if isinstance(error, openai.APIConnectionError):  # timeouts too
        return True
    if isinstance(error, openai.APIError):  # an error inside the stream
        return firm
    return isinstance(error, Broken)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, openai.APIStatusError):
        asked = retry_after(error.response.headers.get("retry-after", ""))
        if asked is not None:
            return asked
    return JITTER(state)


def retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3: seconds or a date); None when
    there is none that can be read."""
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _plain(error: Exception, firm: bool, request: ChatRequest) -> ModelError:
    """The error as we say it: what happened, and what a person may do."""
    times = _times(request)
    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable(f"the model did not answer in time, {times}")
    if isinstance(error, openai.APIStatusError):
        return _status(error, firm, times)
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable(f"the connection to the model failed or broke, {times}")
    if isinstance(error, openai.APIError) and not firm:
        return Unsupported(error.message)
    return ModelUnavailable(f"the model's stream broke, {times}: {error}"[:300])


def _times(request: ChatRequest) -> str:
    count = request.tally.used.requests
    return f"after {count} request{'s' * (count != 1)}"


def _status(error: openai.APIStatusError, firm: bool, times: str) -> ModelError:
    status, said = error.status_code, error.message[:200]
    if error.code in ("content_filter", "content_policy_violation"):
        return ModelRefused(f"the endpoint's filter declined the question: {said}")
    if status in KEY:
        return ModelUnavailable(f"the endpoint wants another key ({status}); set WARROOM_MODEL_KEY")
    if status == 400 and CONTEXT.search(error.message):
        return ModelUnavailable(f"too long for the model; lower WARROOM_CONTEXT_TOKENS: {said}")
    if not firm and status in UNSUPPORTED:
        return Unsupported(said)
    if status == 404:
        return ModelUnavailable(f"no such model or path; check WARROOM_MODEL and its URL: {said}")
    return ModelUnavailable(f"the endpoint answered {status} {times}: {said}")
