"""Chat while the service runs: shows the record, hears what people do, comes back by itself.

Slack's socket client can go silent after it has reconnected. So nothing rests on it: what is shown
comes from our tables, and a connection that is gone, never greeted us or has lasted long enough is
replaced by a new one.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Event, Thread

from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient

from ..app.chatting import Slack
from ..errors import WarroomError
from ..outgoing import read_secret
from ..record.store import Store
from ..settings import Settings
from .handling import Handler, Taken
from .people import People
from .posting import Poster
from .workspace import TIMEOUT_S, Workspace

EVERY_S = 2.0
GREETING_S, LASTS_S, LOOK_S, LONGEST_S = 15.0, 1800.0, 1.0, 60.0
log = logging.getLogger(__name__)


class Bot:
    """One process's part in chat. Raises ToolFailed without a token."""

    def __init__(self, settings: Settings, store: Store, told: Slack, page: str) -> None:
        workspace = Workspace(told)
        self.told, self.soon, self.stopping = told, Event(), Event()
        self.poster = Poster(settings, store, told, workspace, page)
        self.handler = Handler(store, People(store, told, workspace), workspace, self.soon.set)
        self.pool = ThreadPoolExecutor(4, thread_name_prefix="chat")
        self.connections = 0
        self._greeted = False
        self._threads = [Thread(target=self._show, name="chat", daemon=True)]
        if told.mode == "socket":
            self._threads.append(Thread(target=self._watch, name="chat-socket", daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, within seconds."""
        self.stopping.set()
        self.soon.set()
        for thread in self._threads:
            thread.join(2 * LOOK_S)
        self.pool.shutdown(wait=False, cancel_futures=True)

    def follow(self, taken: Taken) -> None:
        """Do what comes after the answer."""
        if taken.later and not self.stopping.is_set():
            self.pool.submit(taken.later)

    def _show(self) -> None:
        while not self.stopping.is_set():
            self.soon.clear()
            try:
                self.poster.round()
            except WarroomError as error:  # the next round tries again
                log.warning("chat: %s", error)
            self.soon.wait(EVERY_S)

    def _watch(self) -> None:
        """A connection, and the next one when it is not well any more."""
        pause = LOOK_S
        while not self.stopping.is_set():
            client = None
            try:
                client = self._client()
                client.connect()
                self.connections += 1
                begun = time.monotonic()
                while not self.stopping.wait(LOOK_S) and self._well(client, begun):
                    pause = LOOK_S
            except (SlackClientError, HTTPException, OSError, ValueError, WarroomError) as error:
                log.warning("chat: no connection to Slack: %s", type(error).__name__)
            if client is not None:
                client.close()
            self.stopping.wait(pause)
            pause = min(LONGEST_S, 2 * pause)

    def _well(self, client: SocketModeClient, begun: float) -> bool:
        lasts = time.monotonic() - begun
        return client.is_connected() and lasts < (LASTS_S if self._greeted else GREETING_S)

    def _client(self) -> SocketModeClient:
        assert self.told.app_token_file is not None
        token, self._greeted = read_secret(self.told.app_token_file), False
        web = WebClient(token, self.told.url, TIMEOUT_S, retry_handlers=[])
        client = SocketModeClient(token, web_client=web, auto_reconnect_enabled=False)
        client.message_listeners.append(self._greets)
        client.socket_mode_request_listeners.append(self._hears)
        return client

    def _greets(self, _client: object, message: dict, _raw: str | None = None) -> None:
        self._greeted = self._greeted or message.get("type") == "hello"

    def _hears(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """Answered first, then done: Slack waits three seconds."""
        taken = self.handler.take(request.payload)
        client.send_socket_mode_response(SocketModeResponse(request.envelope_id, taken.reply))
        self.follow(taken)
