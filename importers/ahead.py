"""How is work done a little ahead of whoever waits for it, in order and in limited memory?"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(
    items: Iterable[Item],
    work: Callable[[Item], Made],
    at_once: int,
    weight: Callable[[Item], int] = lambda _: 0,
    most: int = 0,
) -> Generator[tuple[Item, Made], None, None]:
    """Each item with what `work` made of it, in their order; `at_once` threads work.

    `weight`: of an item, in bytes; more than `most` of them are never on their way, but for one
    item that is larger. What `work` raises is raised here.
    """
    waiting: deque[tuple[Item, Future[Made]]] = deque()
    heavy = 0
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for item in items:
                while waiting and (
                    len(waiting) >= 2 * at_once or (most and heavy + weight(item) > most)
                ):
                    first, future = waiting.popleft()
                    yield first, future.result()
                    heavy -= weight(first)
                waiting.append((item, pool.submit(work, item)))
                heavy += weight(item)
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
