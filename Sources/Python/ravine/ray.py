"""A pool of Ray's workers as an executor of `concurrent.futures`, for `ravine.farm.Farm`."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from typing import Any, Callable, List, Optional

from .farm import Farm, WorkerLost

__all__ = ["RayExecutor", "farm"]


class RayExecutor(Executor):
    """Actors that live as long as the executor, one process each; one that is killed is made again.

    Args:
        workers: How many; the processors of the cluster without it.
        options: Of each actor, as ``num_cpus=1``, ``resources={"small": 1}``.
    """

    def __init__(self, workers: Optional[int] = None, **options: Any) -> None:
        import ray

        if not ray.is_initialized():
            ray.init(log_to_driver=False)
        self._ray = ray
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

        class Worker:
            def call(self, function: Callable[..., Any], arguments: Any, named: Any) -> Any:
                return function(*arguments, **named)

        settings = {"num_cpus": 1, "max_restarts": -1, **options}
        self._actors: List[Any] = [ray.remote(**settings)(Worker).remote() for _ in range(self.workers)]
        self._lock = threading.Lock()
        self._pending = [0] * self.workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Runs a call on the actor that has least to do."""
        if not self._actors:
            raise RuntimeError("the executor was shut down")
        with self._lock:
            k = min(range(self.workers), key=lambda actor: self._pending[actor])
            self._pending[k] += 1
        result: Future = Future()
        try:
            inner = self._actors[k].call.remote(fn, args, kwargs).future()
        except BaseException:
            with self._lock:
                self._pending[k] -= 1
            raise

        def finish(done: Any) -> None:
            with self._lock:
                self._pending[k] -= 1
            error = done.exception()
            lost = self._ray.exceptions.RayActorError
            if not result.set_running_or_notify_cancel():
                return
            if error is None:
                result.set_result(done.result())
            elif isinstance(error, lost):
                result.set_exception(WorkerLost(str(error)))
            else:
                result.set_exception(error)

        inner.add_done_callback(finish)
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the actors."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors = []


def farm(on: Any, workers: Optional[int] = None, **options: Any) -> Farm:
    """A `Farm` on a pool of Ray's workers."""
    executor = RayExecutor(workers)
    try:
        made = Farm(on, executor=executor, workers=executor.workers, **options)
    except BaseException:
        executor.shutdown()
        raise
    # Closing it ends the actors, whose processors another farm would wait for.
    made._own = True
    return made
