"""How does a camera stay in touch?
MQTT over mutual TLS, reconnecting for ever, few messages in flight.
"""

from __future__ import annotations

import json
import logging
import random
import socket
import ssl
import sys
import threading
import time
from typing import Any, Callable, List, Optional, Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from camera.connection import ConfigError, Connection
from camera.trust import trusting

IN_FLIGHT = 20  # paho's own default
WAITING = 200  # messages that wait for a reconnect; more are refused, and the caller knows
RESULTS_WAITING = 100  # of them; the rest is for jobs and reports, which must not be lost
# A connection that is dead without a word (a router that forgot it) is noticed after twice as long:
# within a minute.
KEEPALIVE_SECONDS = 25
UNHEARD_SECONDS = 30  # sent and not confirmed by the other side's TCP, and the connection is dead
log = logging.getLogger(__name__)


class Broker:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._topics: Sequence[str] = ()
        self._received: Callable[[str, Any], None] = lambda _topic, _content: None
        self._connected: Callable[[], None] = lambda: None
        self._up = threading.Event()
        self._last: Optional[mqtt.MQTTMessageInfo] = None
        self._results: List[mqtt.MQTTMessageInfo] = []  # that wait to be confirmed
        self._client = self._make_client()

    @property
    def up(self) -> bool:
        return self._up.is_set()

    def listen(
        self,
        topics: Sequence[str],
        received: Callable[[str, Any], None],
        connected: Callable[[], None],
    ) -> None:
        """Before `start`. `received(topic, content)` and `connected()`, after each connect, are
        called in the network's thread and must return at once.
        """
        self._topics, self._received, self._connected = topics, received, connected

    def start(self) -> None:
        """Returns at once; the connection comes when it comes."""
        self._client.connect_async(
            self._connection.endpoint, self._connection.port, keepalive=KEEPALIVE_SECONDS
        )
        self._client.loop_start()

    def publish(self, topic: str, content: Any) -> bool:
        """False when too much is waiting already;
        True is a promise to try, also across a reconnect.
        """
        message = self._client.publish(topic, json.dumps(content), qos=1)
        if message.rc == mqtt.MQTT_ERR_QUEUE_SIZE:
            return False
        self._last = message
        return True

    def publish_now(self, topic: str, content: Any) -> bool:
        """For what is stale tomorrow: dropped (False) while the broker is away, or while too much
        of it waits on a link that is too slow.
        """
        self._results = [message for message in self._results if _waits(message)]
        if not self.up or len(self._results) >= RESULTS_WAITING or not self.publish(topic, content):
            return False
        if self._last is not None:
            self._results.append(self._last)
        return True

    def stop(self, patience: float = 5.0) -> None:
        """Waits a moment for what is in flight, then leaves."""
        deadline = time.monotonic() + patience
        while (
            self.up and self._last and not self._last.is_published() and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        self._client.disconnect()
        self._client.loop_stop()
        self._up.clear()

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._connection.client)
        client.tls_set_context(tls_context(self._connection))
        # Doubling from a random start, so that a fleet does not come back all at once after the
        # broker was away.
        client.reconnect_delay_set(min_delay=random.randint(1, 3), max_delay=120)  # noqa: S311 - not a secret
        client.max_inflight_messages_set(IN_FLIGHT)
        client.max_queued_messages_set(WAITING)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_message = self._on_connect_fail, self._on_message
        client.on_socket_open = _notice_silence
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            log.error("the broker refuses %s: %s", self._connection.words.who, reason)
            return
        log.info("connected to %s as %s", self._connection.endpoint, self._connection.client)
        client.subscribe([(topic, 1) for topic in self._topics])
        self._up.set()
        self._connected()

    def _on_disconnect(
        self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        let_in = self.up
        self._up.clear()
        meanwhile = self._connection.words.meanwhile
        if reason.is_failure and let_in:
            log.warning("the connection to the broker was lost (%s); %s", reason, meanwhile)
        elif reason.is_failure:
            log.warning("%s; %s", _not_let_in(self._connection, reason), meanwhile)

    def _on_connect_fail(self, _client: mqtt.Client, _data: Any) -> None:
        # paho calls this while it handles the exception, and does not hand it over.
        why = explain(sys.exc_info()[1], self._connection)
        log.warning("%s; %s", why, self._connection.words.meanwhile)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: Any) -> None:
        try:
            content = json.loads(message.payload)
        except (ValueError, RecursionError):
            log.error("passed over a message on %s that is not JSON", message.topic)
            return
        self._received(message.topic, content)


def _waits(message: mqtt.MQTTMessageInfo) -> bool:
    try:
        return not message.is_published()
    except (ValueError, RuntimeError):  # it was refused as the connection broke
        return False


def _notice_silence(_client: mqtt.Client, _data: Any, connection: Any) -> None:
    """Linux gives up what it has sent after a quarter of an hour only."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_SECONDS * 1000)


def tls_context(connection: Connection) -> ssl.SSLContext:
    """Checks the broker's name and chain, and shows this certificate. Raises ConfigError."""
    try:
        context = trusting(connection.ca)
        context.load_cert_chain(str(connection.certificate), str(connection.key))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"The certificates in {connection.home} cannot be used ({error}). Please"
            f" {connection.words.again}."
        ) from error
    return context


def _not_let_in(connection: Connection, why: object) -> str:
    words = connection.words
    return (
        f"the broker at {connection.endpoint}:{connection.port} does not let {words.who} in"
        f" ({why}). If it stays so, its certificate was revoked: {words.again}"
    )


def explain(error: Any, connection: Connection) -> str:
    where = f"{connection.endpoint}:{connection.port}"
    text: str = str(error)
    if isinstance(error, ssl.SSLError) and ("not yet valid" in text or "expired" in text):
        problem = "not yet valid" if "not yet valid" in text else "expired"
        now = time.strftime("%Y-%m-%d %H:%M")
        return (
            f"by {connection.words.who}'s clock ({now}) the certificate of {where} is {problem};"
            " check the clock"
        )
    if isinstance(error, ssl.SSLError) and " alert " in text.replace("_", " ").lower():
        return _not_let_in(connection, text)
    if isinstance(error, ssl.SSLError):
        return f"the broker at {where} cannot be trusted ({text})"
    return f"the broker at {where} cannot be reached ({text or 'no answer'})"
