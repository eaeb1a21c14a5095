"""The few calls to HiGHS that siting needs, with its status told plainly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np
from highspy._core import _Highs
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

F64 = NDArray[np.float64]
Status = Literal["optimal", "infeasible", "unfinished"]


@dataclass(frozen=True)
class Answer:
    """What HiGHS found: ``x`` is None where it found nothing; ``bound`` is the proved bound of the objective.

    ``row_dual`` and ``column_dual`` are there for linear programs only.
    """

    status: Status
    x: F64 | None
    value: float
    bound: float
    row_dual: F64 | None = None
    column_dual: F64 | None = None


@dataclass(frozen=True)
class Rows:
    """Linear rows lower <= A x <= upper."""

    matrix: Any  # (rows, columns), an array or sparse
    lower: F64
    upper: F64


class Linear:
    """A linear program that grows by rows and starts each time from its last basis. State: the solver's model."""

    def __init__(self, cost: F64, lower: F64, upper: F64, seconds: float = 60.0) -> None:
        self._solver = _solver(seconds)
        # from the last basis a few dozen steps are left: presolve and exact edge weights cost more than they save
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("simplex_dual_edge_weight_strategy", 1)  # Devex
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = cost.size, 0
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, lower, upper
        model.row_lower_ = model.row_upper_ = np.empty(0)
        model.a_matrix_.start_ = np.zeros(cost.size + 1, np.int32)
        self._solver.passModel(model)

    def add(self, rows: Rows) -> None:
        """Add rows below those already there."""
        sparse = csr_matrix(rows.matrix)
        self._solver.addRows(
            sparse.shape[0],
            rows.lower,
            rows.upper,
            sparse.nnz,
            sparse.indptr[:-1].astype(np.int32),
            sparse.indices.astype(np.int32),
            sparse.data,
        )

    def solve(self) -> Answer:
        """Minimise; rows keep their order in ``row_dual``."""
        self._solver.run()
        return _answer(self._solver, integer=False)

    def limits(self, lower: F64, upper: F64) -> None:
        """Set the limits of the first columns."""
        self._solver.changeColsBounds(lower.size, np.arange(lower.size, dtype=np.int32), lower, upper)

    def drop(self, rows: NDArray[np.int64]) -> None:
        """Take rows out; those after them move up."""
        self._solver.deleteRows(rows.size, rows.astype(np.int32))

    def point(self) -> tuple[F64, F64]:
        """Minimise; return columns and row multipliers as they stand, finished or not (zeros where there are none)."""
        self._solver.run()
        solution = self._solver.getSolution()
        out = []
        for values, size in (
            (solution.col_value, self._solver.getNumCol()),
            (solution.row_dual, self._solver.getNumRow()),
        ):
            got = np.array(values)
            out.append(np.nan_to_num(got, posinf=0.0, neginf=0.0) if got.size == size else np.zeros(size))
        return out[0], out[1]

    def basis(self) -> Any:
        """Return where the solver stands."""
        return self._solver.getBasis()

    def go_from(self, basis: Any) -> None:
        """Put the solver where it stood."""
        self._solver.setBasis(basis)

    def hurry(self, iterations: int | None) -> None:
        """Stop each solve after so many iterations; None: never."""
        limit = iterations if iterations is not None else 2**31 - 1
        self._solver.setOptionValue("simplex_iteration_limit", limit)


def minimise(cost: F64, rows: Rows, *, upper: F64, whole: NDArray[np.bool_], seconds: float) -> Answer:
    """Minimise cost . x over 0 <= x <= upper and the rows, with those x whole that ``whole`` marks.

    >>> r = Rows(np.array([[1.0, 1.0]]), np.array([1.0]), np.array([np.inf]))
    >>> minimise(np.array([1.0, 2.0]), r, upper=np.ones(2), whole=np.ones(2, bool), seconds=5.0).value
    1.0
    """
    n = cost.size
    sparse = csr_matrix(rows.matrix)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n, sparse.shape[0]
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, np.zeros(n), upper.astype(float)
    model.row_lower_, model.row_upper_ = rows.lower, rows.upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = sparse.indptr.astype(np.int32)
    model.a_matrix_.index_ = sparse.indices.astype(np.int32)
    model.a_matrix_.value_ = sparse.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[int(w)] for w in whole]
    solver = _solver(seconds)
    solver.passModel(model)
    solver.run()
    return _answer(solver, integer=bool(whole.any()))


def _solver(seconds: float) -> Any:
    # the plain solver: highspy.Highs prints a banner when it is made, before anything can silence it
    solver = _Highs()
    for option, value in (
        ("output_flag", False),
        ("time_limit", max(seconds, 0.01)),
        ("threads", 1),
        ("random_seed", 1),
    ):
        solver.setOptionValue(option, value)
    return solver


def _answer(solver: Any, integer: bool) -> Answer:
    state = solver.getModelStatus()
    info = solver.getInfo()
    if state == highspy.HighsModelStatus.kInfeasible:
        return Answer("infeasible", None, np.inf, np.inf)
    found = info.primal_solution_status == 2  # a feasible point exists (SolutionStatus::kSolutionStatusFeasible)
    solution = solver.getSolution() if found else None
    x = np.array(solution.col_value) if solution is not None else None
    value = float(info.objective_function_value) if found else np.inf
    if state == highspy.HighsModelStatus.kOptimal:
        assert solution is not None, "optimal, but without a point"
        if integer:
            return Answer("optimal", x, value, float(info.mip_dual_bound))
        return Answer("optimal", x, value, value, np.array(solution.row_dual), np.array(solution.col_dual))
    # a time limit: only the dual bound of a whole-number problem still proves something
    return Answer("unfinished", x, value, float(info.mip_dual_bound) if integer else -np.inf)
