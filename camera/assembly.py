"""Which parts make a camera, and who speaks to whom? The one place where they are put together."""

from __future__ import annotations

import os
from typing import Any, Optional

from camera.agent import Agent
from camera.broker import Broker
from camera.config import Config
from camera.jobs import Jobs
from camera.reporting import Reporting, of_now
from camera.results import Results
from camera.review import Review
from camera.second import SecondLook
from camera.store import Store
from camera.uncertain import Waiting
from camera.watchdog import Watchdog, start_anew
from lensloop.wire import names


def assemble(config: Config, record: bool = False, fps: float = 5.0) -> Agent:
    """Raises ConfigError when the camera's certificates cannot be used."""
    return connect(Broker(config.connection), config, record, fps)


def connect(broker: Broker, config: Config, record: bool, fps: float) -> Agent:
    jobs = Jobs(config.thing, broker.publish)
    results = Results(
        config.home,
        config.thing,
        config.results_topic,
        publish=broker.publish_now,
        connected=lambda: broker.up,
        record=record,
    )
    store = Store(config.home, config.keys, config.key_number)
    reporting = Reporting(
        names.REPORT_TOPIC.format(thing=config.thing),
        broker.publish_now,
        lambda: of_now(results.facts(), config.home, store.believed),
    )

    def connected() -> None:
        jobs.ask()
        reporting.connected()

    review = _review(broker, config, store)

    def received(topic: str, content: Any) -> None:
        jobs.received(topic, content)
        if review is not None:
            review.received(topic, content)

    topics = [*jobs.topics(), *(review.topics() if review else [])]
    broker.listen(topics, received, connected)
    watchdog = Watchdog(os.environ, start_anew)
    return Agent(broker, jobs, results, reporting, watchdog, store, config.project, fps, review)


def _review(broker: Broker, config: Config, store: Store) -> Optional[Review]:
    """None where no frame is to leave the camera."""
    if not config.review_frames_a_day:
        return None
    waiting = Waiting(config.home)
    return Review(
        waiting,
        config.thing,
        config.review_frames_a_day,
        publish=broker.publish_now,
        connected=lambda: broker.up,
        second=SecondLook(waiting, store),
    )
