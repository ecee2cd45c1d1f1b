"""Scores rules for a search outside, such as one in which a language model writes the candidates.

`evaluate` takes the source of one rule and returns a dictionary with `combined_score`, the larger the better: the
form that openevolve asks of its evaluators, and shinka-evolve of its own with `correct`.
"""

import json
import subprocess

TASKS = "mlp_easy,bigram_easy"
_process = None


def _ask(request):
    """One line to `ravine eval` and its answer; the process stays for the next candidate."""
    global _process
    if _process is None or _process.poll() is not None:
        command = ["ravine", "eval", "--jsonl", "--on", TASKS]
        _process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    _process.stdin.write(json.dumps(request) + "\n")
    _process.stdin.flush()
    return json.loads(_process.stdout.readline())


def evaluate(source):
    """What one rule is worth: its score with the sign turned, and why where it has none."""
    answer = _ask({"source": source})
    if "error" in answer:
        return {"combined_score": -100.0, "correct": False, "error": answer["error"]["message"]}
    score = answer["score"]
    if not isinstance(score, (int, float)):
        return {"combined_score": -100.0, "correct": False, "error": "it broke on a task"}
    return {"combined_score": -score, "correct": True, "digest": answer["digest"]}


def evaluate_file(path):
    """For engines that hand over a file."""
    with open(path, encoding="utf-8") as file:
        return evaluate(file.read())
