"""The one numba decorator: nopython, cached, IEEE arithmetic, imported only when first called.

``@kernel`` keeps a function's types for mypy and compiles it on its first call, so
that importing a module with kernels does not import numba (it costs 0.7 s, and the
command line must start without it). Kernels that call each other must use
``@kernel`` too: the callee is handed to numba as its dispatcher.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

PARALLEL_THREADS_MAX = 2
"""Two cores are what the smallest machine Waman promises to serve has."""


class Kernel(Generic[P, R]):
    """A function compiled on first call. State: the compiled dispatcher, once there is one."""

    def __init__(self, function: Callable[P, R], *, parallel: bool, inline: bool = False, counted: bool = True) -> None:
        self._function = cast(FunctionType, function)
        self._parallel = parallel
        self._inline = "always" if inline else "never"
        self._counted = counted
        self._dispatcher: Any = None
        update_wrapper(self, function)

    def dispatcher(self) -> Any:
        """Return numba's dispatcher, building it (and those of the kernels it calls) when first asked."""
        if self._dispatcher is None:
            import numba

            if os.environ.get("NUMBA_DISABLE_JIT") == "1":
                self._dispatcher = self._function
                return self._dispatcher
            spaces = self._function.__globals__
            for name in self._function.__code__.co_names:
                callee = spaces.get(name)
                if isinstance(callee, Kernel):
                    spaces[name] = callee.dispatcher()
            # a function typed at a prompt has no file beside which the compiled code could be kept
            has_file = Path(self._function.__code__.co_filename).is_file()
            # never fastmath: NaN means "not measured" and must survive every comparison
            # _nrt is numba's own switch for reference counts, not in its manual; unsaid, callees take their caller's
            options: dict[str, Any] = {"cache": has_file, "inline": self._inline}
            options |= {"_nrt": self._counted, "forceinline": not self._counted}
            self._dispatcher = numba.njit(
                nogil=True, error_model="numpy", parallel=self._parallel, fastmath=False, **options
            )(self._function)
        return self._dispatcher

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return cast(R, self.dispatcher()(*args, **kwargs))


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Compile ``function`` with numba on its first call (nopython, cached, no fastmath).

    >>> @kernel
    ... def twice(x: float) -> float:
    ...     return 2.0 * x
    >>> twice(2.0)
    4.0
    """
    return Kernel(function, parallel=False)


def lean_kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Like :func:`kernel`, without reference counts and put into its callers: for kernels that make no array.

    A kernel that cuts views in a loop otherwise spends a third of its time counting, by atomic instructions, who
    holds the arrays its caller holds anyway; and a call hands over every array as seven numbers or more. One that
    makes an array, or sets a slice to another array (numba keeps a copy ready for the case that they overlap), does
    not compile.

    >>> @lean_kernel
    ... def shift(x: object, by: float) -> None:
    ...     for k in range(len(x)):
    ...         x[k] += by
    >>> import numpy
    >>> x = numpy.zeros(2)
    >>> shift(x, 1.5)
    >>> x.tolist()
    [1.5, 1.5]
    """
    return Kernel(function, parallel=False, counted=False)


def inlined_kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Like :func:`kernel`, but written into its callers: for hot loops in which a call costs more than its work."""
    return Kernel(function, parallel=False, inline=True)


def parallel_kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Like :func:`kernel`, with ``numba.prange`` loops spread over the cores."""
    return Kernel(function, parallel=True)
