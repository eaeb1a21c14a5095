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
    """What HiGHS found: ``x`` is None where it found nothing; ``bound`` is the proved bound of the objective."""

    status: Status
    x: F64 | None
    value: float
    bound: float


@dataclass(frozen=True)
class Rows:
    """Linear rows lower <= A x <= upper."""

    matrix: F64
    lower: F64
    upper: F64


def minimise(cost: F64, rows: Rows, *, upper: F64, integer: bool, seconds: float, free_last: bool = False) -> Answer:
    """Minimise cost . x over 0 <= x <= upper and the rows, as LP or with every x whole.

    ``free_last`` lets the last variable take any real value (theta of the master problem).

    >>> r = Rows(np.array([[1.0, 1.0]]), np.array([1.0]), np.array([np.inf]))
    >>> minimise(np.array([1.0, 2.0]), r, upper=np.ones(2), integer=True, seconds=5.0).value
    1.0
    """
    n = cost.size
    sparse = csr_matrix(rows.matrix)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n, sparse.shape[0]
    model.col_cost_ = cost
    lower = np.zeros(n)
    limit = upper.astype(float).copy()
    if free_last:
        lower[-1], limit[-1] = -highspy.kHighsInf, highspy.kHighsInf
    model.col_lower_, model.col_upper_ = lower, limit
    model.row_lower_, model.row_upper_ = rows.lower, rows.upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = sparse.indptr.astype(np.int32)
    model.a_matrix_.index_ = sparse.indices.astype(np.int32)
    model.a_matrix_.value_ = sparse.data
    if integer:
        model.integrality_ = [highspy.HighsVarType.kInteger] * n
    # the plain solver: highspy.Highs prints a banner when it is made, before anything can silence it
    solver = _Highs()
    solver.setOptionValue("output_flag", False)
    for option, value in (
        ("output_flag", False),
        ("time_limit", max(seconds, 0.01)),
        ("threads", 1),
        ("random_seed", 1),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    return _answer(solver, integer)


def _answer(solver: Any, integer: bool) -> Answer:
    state = solver.getModelStatus()
    info = solver.getInfo()
    if state == highspy.HighsModelStatus.kInfeasible:
        return Answer("infeasible", None, np.inf, np.inf)
    found = info.primal_solution_status == 2  # a feasible point exists (SolutionStatus::kSolutionStatusFeasible)
    x = np.array(solver.getSolution().col_value) if found else None
    value = float(info.objective_function_value) if found else np.inf
    if state == highspy.HighsModelStatus.kOptimal:
        return Answer("optimal", x, value, float(info.mip_dual_bound) if integer else value)
    # a time limit: only the dual bound of a whole-number problem still proves something
    return Answer("unfinished", x, value, float(info.mip_dual_bound) if integer else -np.inf)
