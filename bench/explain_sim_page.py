"""Write docs/explanation.md and its figure from what bench/explain_sim.py has measured (its option --report)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation.md"
FIGURE = ROOT / "docs" / "images" / "explanation-by-share-seen.svg"
CURVES = (("corridor", "corridor flights", "#b2451f"), ("hard", "hard lawful class", "#7a6a00"),
          ("lawful_with_trace", "other lawful flights", "#1f5fb2"))  # fmt: skip
HEAD = """# How well explanation holds, by simulation

Generated from `bench/results/explain_sim.json` by `python bench/explain_sim.py --report`; the text is in
`bench/explain_sim_page.py`.

A flight is called `unexplained` only where two independent things were seen that do not fit. This page says how often
that word falls on the wrong flight, and how often it is missed, in simulated worlds whose truth is known. Nothing here
says how often it happens in the world: no open recording of such a corridor has a known truth, so the worlds are
made by code that shares nothing with what it judges ([what they hold](simulator.md)).

- **Seeds** begin at 1000; the weights were fitted on seeds 101 to 103. {settings}
- **Eleven simulators**: the base and ten others with another traffic mix, other heights, other completeness of
  plans and lists. A verdict must hold under the weights fitted on each of them, or it is `insufficient`.
- **A lawful trace** is a plan, an identity heard, or a listed place among its stops. **The hard class** is apart:
  mission strips nobody listed, medical flights at dawn to a village, a quarter of them from abroad and without a plan.
- Tracks come from an ideal tracker that never confuses two aircraft: tracking has its own benchmark. A flight counts
  as unexplained where any of its legs is.
"""
TAIL = """
## Where it fails, and why

- **Corridor flights that stay `insufficient`** although half their path was seen: those that vanished at cruise far
  from where they stopped, so that the time out of sight is longer than loading takes; those with a settlement ahead and
  in reach, where a lawful flight may have stopped too; those that crashed or were taken on the ground, so that nobody
  saw them come up again; those for whose time and place a plan happens to fit.
- **Hard lawful flights that are called `unexplained`**: they come over a border without a plan and stop for minutes
  at a station that neither a strip list nor a map of settlements has. Nothing that was seen tells them from the
  corridor's; that is what the checks are for: the mission operators and the medical desk are asked before two people
  may publish the word.
- **A strip beside a settlement** is not counted as a stop. Whoever loads there is missed; the simulated corridor keeps
  two kilometres away from villages, which is an assumption.
- The shares of lawful traffic, of settlements on maps and of disguises are assumptions: no counts are public. The ten
  other simulators vary some of them; none of them is the world.
"""


def write_page(figures: dict[str, Any]) -> None:
    """Write the page and the figure."""
    worlds = figures["simulators"]
    _figure(worlds)
    missing = figures["settings"]["not_measured_in_full"]
    settings = f"{figures['settings']['days_each']} days each."
    if missing:
        settings += f" Not measured on all twenty seeds: {', '.join(missing)}."
    parts = [
        HEAD.format(settings=settings),
        _goals(worlds),
        _seen(worlds),
        _classes(worlds),
        _calibration(worlds),
        TAIL,
    ]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"{PAGE.name} and {FIGURE.name} written")


def _percent(part: dict[str, Any]) -> str:
    if not part["n"]:
        return "none"
    return f"{part['share']:.2%} ({part['count']} of {part['n']:,}; {part['low']:.2%} to {part['high']:.2%})"


def _goals(worlds: dict[str, Any]) -> str:
    lines = [
        "\n## The claims, simulator by simulator\n",
        "Shares with their 95 % interval (Wilson). Goals: at most 0.1 %, at most 5 %, at least 90 %, at most "
        "10 %, none.\n",
        "| simulator | seeds | lawful `unexplained` | hard class `unexplained` | corridor seen for half its path "
        "`unexplained` | disguised `explained` | lawful twins `unexplained` |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, f in worlds.items():
        cells = [_percent(f[g]["unexplained"]) for g in ("lawful_with_trace", "hard", "corridor_seen_half")]
        cells += [
            _percent(f["disguised"]["explained"]),
            f"{f['twins']['unexplained']['count']} of {f['twins']['unexplained']['n']}",
        ]
        lines.append(f"| {name} | {f['seeds']} | " + " | ".join(cells) + " |")
    missed = [f"{n}: {g}" for n, f in worlds.items() for g, v in f["goals"].items() if not v["reached"]]
    lines.append("\nNot reached: " + ("; ".join(missed) if missed else "none of these goals is missed") + ".")
    return "\n".join(lines)


def _seen(worlds: dict[str, Any]) -> str:
    lines = [
        "\n## By the share of the path that was seen\n",
        "![Share of flights called unexplained against the share of their path that was seen, for corridor flights, "
        "the hard lawful class and other lawful flights](images/explanation-by-share-seen.svg)\n",
        "Base simulator; the shaded band of the corridor spans the other simulators.\n",
        "| share seen | corridor: flights, `unexplained` | hard class | other lawful | other lawful `explained` |",
        "|---|---|---|---|---|",
    ]
    table = worlds["base"]["by_share_seen"]
    for step in dict.fromkeys(name.split()[0] for name in table):
        cells = [table[f"{step} {g}"] for g, _, _ in CURVES]
        texts = [f"{c['n']:,}, {_share(c, 'unexplained')}" for c in cells]
        lines.append(f"| from {float(step):.0%} | " + " | ".join(texts) + f" | {_share(cells[2], 'explained')} |")
    return "\n".join(lines)


def _share(cell: dict[str, int], word: str) -> str:
    return f"{cell[word] / cell['n']:.1%}" if cell["n"] else "-"


def _classes(worlds: dict[str, Any]) -> str:
    lines = [
        "\n## By class, base simulator\n",
        "| class | flights | `explained` | `unexplained` |",
        "|---|---|---|---|",
    ]
    for name, c in worlds["base"]["by_class"].items():
        lines.append(f"| {name} | {c['n']:,} | {_share(c, 'explained')} | {_share(c, 'unexplained')} |")
    return "\n".join(lines)


def _calibration(worlds: dict[str, Any]) -> str:
    lines = [
        "\n## Are the decibans what they say?\n",
        "Legs by the sum of their weights. *Observed* is 10 log10 of the share of lawful legs that fall there over "
        "the share of corridor legs. The sum treats findings as independent given the class, which they are not (a "
        "border and a stop go together in the corridor), so it is evidence, not a probability: where both columns have "
        "the same sign and order, the thresholds of plus and minus 10 mean what they should.\n",
        "| lawful legs | corridor legs | mean weight [dB] | observed [dB] |",
        "|---|---|---|---|",
    ]
    for c in worlds["base"]["calibration"]:
        lines.append(f"| {c['lawful']:,} | {c['corridor']:,} | {c['mean_weight_db']:+.1f} | {c['observed_db']:+.1f} |")
    return "\n".join(lines)


def _figure(worlds: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "waman"
    import matplotlib.pyplot as plt

    drawn, axis = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    for group, label, colour in CURVES:
        at, base = _curve(worlds["base"], group)
        axis.plot(at, base, marker="o", color=colour, label=label)
        if group == "corridor":
            others = [_curve(f, group)[1] for f in worlds.values()]
            low = [min((v for v in c if not math.isnan(v)), default=math.nan) for c in zip(*others, strict=True)]
            high = [max((v for v in c if not math.isnan(v)), default=math.nan) for c in zip(*others, strict=True)]
            axis.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    axis.set(xlabel="share of the path that was seen", ylabel="called unexplained", ylim=(-0.02, 1.02), xlim=(0, 1))
    axis.xaxis.set_major_formatter("{x:.0%}")
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.grid(alpha=0.3)
    axis.legend(loc="upper left")
    FIGURE.parent.mkdir(exist_ok=True)
    drawn.savefig(FIGURE, metadata={"Date": None, "Creator": None})
    plt.close(drawn)
    # the file is text: no blanks at the ends of its lines
    FIGURE.write_text(
        "\n".join(v.rstrip() for v in FIGURE.read_text(encoding="utf-8").splitlines()) + "\n", encoding="utf-8"
    )


def _curve(figures: dict[str, Any], group: str) -> tuple[list[float], list[float]]:
    cells = [(float(k.split()[0]) + 0.05, v) for k, v in figures["by_share_seen"].items() if k.split()[1] == group]
    return [x for x, _ in cells], [v["unexplained"] / v["n"] if v["n"] >= 10 else math.nan for _, v in cells]
