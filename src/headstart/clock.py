"""How long each stage of a job takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds by stage."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._stages[stage] = round(time.perf_counter() - start, 3)

    def seconds(self) -> dict[str, float]:
        """Stage → seconds, and `total` since the clock was made."""
        return {**self._stages, "total": round(time.perf_counter() - self._start, 3)}
