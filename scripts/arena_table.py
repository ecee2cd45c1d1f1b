"""What `ravine suggest` knows of the arena: the steps of each rule to the target of each task, from docs/arena.html.

    python3 scripts/arena_table.py .build/release/ravine > Sources/Experiments/Advice/arena.tsv

With each task stands what `ravine suggest` measures of it, by which a problem finds the tasks that are like it.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def measures(ravine, task):
    """Noise and the share of parameters in matrices, to two digits."""
    line = [ravine, "suggest", "--on", task, "--trials", "1", "--seeds", "1", "--json"]
    problem = json.loads(subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout)["problem"]
    return float(f"{problem['noise']:.2g}"), float(f"{problem['matrixShare']:.2g}")


def cost(cell):
    """The median of the steps, or a dash where most seeds missed the target or the rule does not run."""
    if not isinstance(cell, list):
        return "-"
    middle = statistics.median_high(steps if steps >= 0 else float("inf") for steps in cell[0])
    return "-" if middle == float("inf") else str(middle)


def main():
    page = (ROOT / "docs/arena.html").read_text()
    data = json.JSONDecoder().raw_decode(page, page.index('"trials":') - 1)[0]
    tasks = [task["name"] for task in data["tasks"]]
    found = [measures(sys.argv[1], task) for task in tasks]
    print("# Steps of each rule to the target of each task: the median over the seeds, - where most of them missed it.")
    print("# By `make arena` from docs/arena.html, which has the search behind each number.")
    print("\t".join(["task"] + tasks))
    print("\t".join(["noise"] + [f"{noise:g}" for noise, _ in found]))
    print("\t".join(["matrices"] + [f"{share:g}" for _, share in found]))
    for rule, cells in sorted(zip([rule["name"] for rule in data["rules"]], data["cells"]), key=lambda row: row[0]):
        print("\t".join([rule] + [cost(cell) for cell in cells]))


main()
