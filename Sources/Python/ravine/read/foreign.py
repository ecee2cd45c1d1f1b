"""Code of others, run for a reading: where it is, and an end where it has none of its own."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional, Tuple

from .errors import ConstructionError, LimitError

#: A file and a line.
Place = Tuple[str, int]
#: Seconds that one step, or what is done before the first, may take.
LIMIT = 60.0
_HERE = os.path.dirname(__file__)
#: What runs within a step and is not the optimizer's.
_INSIDE = ("torch.", "jax.", "jaxlib.", "numpy.", "contextlib", "importlib.", "functools")


def is_foreign(frame: Any) -> bool:
    """Whether a frame is of the optimizer, and not of this package or of those that compute for it."""
    file, module = frame.f_code.co_filename, f"{frame.f_globals.get('__name__', '')}."
    if file.startswith((_HERE, "<frozen")):
        return False
    return module.startswith("torch.optim.") or not module.startswith(_INSIDE)


def is_foreign_file(file: str) -> bool:
    """As much, of what is known by its file alone."""
    parts = file.replace(os.sep, "/").split("/")
    return not file.startswith((_HERE, "<frozen")) and not {"jax", "jaxlib", "numpy"} & set(parts)


def _place(file: str, line: int) -> str:
    return f"{os.path.basename(file)}:{line}" if file else ""


def here() -> Place:
    """The file and line of the optimizer that is being run."""
    frame: Any = sys._getframe(1)
    while frame is not None and not is_foreign(frame):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("", 0)


def caller() -> str:
    return _place(*here())


def raised(error: BaseException) -> Optional[str]:
    """The line of the optimizer that an exception came from."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if is_foreign(trace.tb_frame):
            found = _place(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


#: Frames that are watched, and what watched them before.
_armed: List[Tuple[Any, Any]] = []


class _Late(BaseException):
    """Goes through what catches any exception."""


def _late(number: int, frame: Any) -> None:
    if is_foreign(frame):
        raise _Late()
    # What is done for it meanwhile is not torn apart: it ends at its own next line.
    sys.settrace(_watched)
    while frame is not None:
        if is_foreign(frame):
            _armed.append((frame, frame.f_trace))
            frame.f_trace = _watched
        frame = frame.f_back


def _watched(frame: Any, event: str, argument: Any) -> Any:
    if not is_foreign(frame):
        return None
    if event == "line":
        raise _Late()
    return _watched


@contextmanager
def foreign(what: str) -> Iterator[None]:
    """Within, code of others is run: it is ended when it takes too long, and does not end the process.

    It is a signal that tells the time, which only the main thread gets; elsewhere there is no end.
    """
    started = signal.getitimer(signal.ITIMER_REAL)[0] if hasattr(signal, "setitimer") else 0.0
    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    # An alarm that somebody else waits for and that comes sooner, or the one of a call around this, stays.
    if not timed or 0 < started <= LIMIT:
        with _staying(what):
            yield
        return
    handler, trace = signal.signal(signal.SIGALRM, _late), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 1.0)
    try:
        with _staying(what):
            yield
    except _Late as late:
        raise LimitError(f"{what} takes more than {LIMIT:g} s", "time", raised(late)) from None
    finally:
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(trace)
        while _armed:
            frame, before = _armed.pop()
            frame.f_trace = before
        signal.signal(signal.SIGALRM, handler)
        if started:
            signal.setitimer(signal.ITIMER_REAL, max(started - LIMIT + left, 0.001))


@contextmanager
def _staying(what: str) -> Iterator[None]:
    try:
        yield
    except SystemExit as error:
        raise ConstructionError(f"{what} ends the process", "SystemExit", raised(error)) from error
