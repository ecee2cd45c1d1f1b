"""Candidates scored by many processes: on one machine, or wherever an executor has its workers.

Each worker keeps one ``ravine eval --jsonl`` for as long as it lives. A message holds about a second of work, so
that the executor's own work does not count.
"""

from __future__ import annotations

import atexit
import contextlib
import copy
import json
import os
import shutil
import subprocess
import threading
import time
import uuid
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

from ._blas import name_library

Candidate = Union[str, Dict[str, Any]]


def program() -> str:
    """The executable: RAVINE_PROGRAM, the one of this package, or the one on the PATH."""
    named = os.environ.get("RAVINE_PROGRAM")
    if named:
        return named
    inside = Path(__file__).parent / "ravine"
    if inside.exists():
        return str(inside)
    found = shutil.which("ravine")
    if found is None:
        raise FileNotFoundError("there is no `ravine`: name it in RAVINE_PROGRAM")
    return found


class _Evaluator:
    """One process that scores candidates, started again where it ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.process: Optional[subprocess.Popen] = None
        self.has_answered = False

    def _start(self) -> subprocess.Popen:
        if self.process is None or self.process.poll() is not None:
            name_library()
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
        return self.process

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                # What was written to a process that has ended is flushed once more, and in vain.
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()
            self.process = None

    def score(self, candidates: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """An answer for each. A candidate with which the process ends twice is answered by an error."""
        answers: List[Dict[str, Any]] = []
        failed = -1
        while len(answers) < len(candidates):
            process = self._start()
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(json.dumps(candidates[len(answers)]) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError):
                line = ""
            if line.endswith("\n"):
                answers.append(json.loads(line))
                self.has_answered = True
                continue
            code = process.wait()
            self.stop()
            # It ends by itself, with a status, before its first answer where tasks or options are wrong.
            if code > 0 and not self.has_answered:
                raise ValueError(f"`{' '.join(self.command)}` ends with status {code}: see what it says above")
            if failed == len(answers):
                answers.append({"error": {"message": f"the evaluator ended with status {code}"}})
            else:
                failed = len(answers)
        return answers


# Of this process: by farm and thread.
_evaluators: Dict[Tuple[str, int], _Evaluator] = {}
_guard = threading.Lock()


def _stop(token: Optional[str] = None) -> None:
    """Ends the evaluators of a farm, or all."""
    with _guard:
        ended = [key for key in _evaluators if token is None or key[0] == token]
        evaluators = [_evaluators.pop(key) for key in ended]
    for evaluator in evaluators:
        evaluator.stop()


atexit.register(_stop)


def score_batch(
    token: str, command: Tuple[str, ...], candidates: List[Dict[str, Any]]
) -> Tuple[List[Dict[str, Any]], float]:
    """What a worker does with a message: answers, and the seconds that they took."""
    with _guard:
        evaluator = _evaluators.setdefault((token, threading.get_ident()), _Evaluator(command))
    start = time.perf_counter()
    answers = evaluator.score(candidates)
    return answers, time.perf_counter() - start


class Farm:
    """Scores candidates on tasks, in any executor of `concurrent.futures`.

    >>> with Farm(["mlp_easy", "bigram_easy"]) as farm:
    ...     for answer in farm.score(sources):
    ...         print(answer["score"])

    Args:
        on: Names of tasks.
        executor: Where the workers are: a process pool, `ravine.ray.RayExecutor`, …; threads of this process
            without one, each of which waits for a process of its own.
        workers: How many messages are on their way at once; the cores without it.
        seconds: Work that a message is to hold.
        script: A file with tasks.
        options: Of ``ravine eval``, as ``seeds=3``, ``ladder="0.3,1,3"``, ``against="Lion"``.
    """

    def __init__(
        self,
        on: Union[str, Sequence[str]],
        *,
        executor: Optional[Executor] = None,
        workers: Optional[int] = None,
        seconds: float = 1.0,
        script: Union[None, str, Path] = None,
        **options: Any,
    ) -> None:
        tasks = on if isinstance(on, str) else ",".join(on)
        command = [program(), "eval", "--jsonl", "--on", tasks, "--threads", "1"]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        if script is not None:
            command.append(os.fspath(script))
        self._command = tuple(command)
        self._token = uuid.uuid4().hex
        self.workers = workers or os.cpu_count() or 1
        self._own = executor is None
        self._executor: Executor = executor or ThreadPoolExecutor(self.workers)
        self._seconds = seconds
        self._each: Optional[float] = None
        # Answers by what was asked: a candidate that is there already is not sent.
        self._known: Dict[str, Dict[str, Any]] = {}
        #: Messages that were lost with their worker and sent again.
        self.lost = 0

    def __enter__(self) -> "Farm":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers that the farm has made."""
        if self._own:
            self._executor.shutdown()
        _stop(self._token)

    def score(self, candidates: Iterable[Candidate]) -> Iterator[Dict[str, Any]]:
        """An answer for each candidate, a rule's source or what ``ravine eval`` takes, in their order."""
        lines = [{"source": one} if isinstance(one, str) else dict(one) for one in candidates]
        answers: Dict[int, Dict[str, Any]] = {}
        first: Dict[str, int] = {}
        same: Dict[int, int] = {}
        wanted: List[int] = []
        for k, line in enumerate(lines):
            text = self._asked(line)
            if text in self._known:
                answers[k] = self._known[text]
            elif text in first:
                same[k] = first[text]
            else:
                first[text] = k
                wanted.append(k)
        next_answer = 0
        for k, answer in self._run(lines, wanted):
            answers[k] = {name: answer[name] for name in answer if name not in ("id", "line")}
            if "digest" in answer:
                self._known[self._asked(lines[k])] = answers[k]
            while next_answer in answers or same.get(next_answer) in answers:
                yield self._named(answers.get(next_answer) or answers[same[next_answer]], lines[next_answer])
                next_answer += 1
        while next_answer < len(lines):
            yield self._named(answers.get(next_answer) or answers[same[next_answer]], lines[next_answer])
            next_answer += 1

    @staticmethod
    def _asked(line: Dict[str, Any]) -> str:
        return json.dumps({name: line[name] for name in sorted(line) if name != "id"})

    @staticmethod
    def _named(answer: Dict[str, Any], line: Dict[str, Any]) -> Dict[str, Any]:
        answer = copy.deepcopy(answer)
        return dict(answer, id=line["id"]) if "id" in line else answer

    def _batch(self, left: int) -> int:
        # At the end all workers get a share.
        share = max(1, left // (2 * self.workers))
        if self._each is None:
            return min(4, share)
        return max(1, min(share, int(self._seconds / max(self._each, 1e-9))))

    def _run(self, lines: List[Dict[str, Any]], wanted: List[int]) -> Iterator[Tuple[int, Dict[str, Any]]]:
        waiting: Dict[Future, List[int]] = {}
        queue = list(reversed(wanted))
        again: List[List[int]] = []
        tries: Dict[int, int] = {}
        try:
            while queue or again or waiting:
                while (queue or again) and len(waiting) < 2 * self.workers:
                    if again:
                        batch = again.pop()
                    else:
                        batch = [queue.pop() for _ in range(min(self._batch(len(queue)), len(queue)))]
                    sent = [lines[k] for k in batch]
                    future = self._executor.submit(score_batch, self._token, self._command, sent)
                    waiting[future] = batch
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                # What there is to tell goes before what went wrong.
                for future in sorted(done, key=lambda one: one.cancelled() or one.exception() is not None):
                    batch = waiting.pop(future)
                    try:
                        answers, seconds = future.result()
                    except (BrokenExecutor, ConnectionError, WorkerLost) as lost:
                        # The worker is gone, and with it this message alone.
                        self.lost += 1
                        tries[batch[0]] = tries.get(batch[0], 0) + 1
                        if tries[batch[0]] > 3 or isinstance(lost, BrokenExecutor):
                            raise
                        again.append(batch)
                        continue
                    each = seconds / max(len(batch), 1)
                    self._each = each if self._each is None else 0.7 * self._each + 0.3 * each
                    yield from zip(batch, answers)
        finally:
            for future in waiting:
                future.cancel()


class WorkerLost(RuntimeError):
    """A worker of an executor is gone: what it had is sent to another."""
