"""A proposer that needs no model: it asks for scores of rules that it has written down, and keeps the best."""

from evaluator import evaluate

CANDIDATES = [
    "rule A(lr = 0.1) { w' = w - lr * g }",
    "rule B(lr = 0.01) { state m\n m' = ema(m, g, 0.9)\n w' = w - lr * sign(m') }",
    "rule C(lr = 0.01) { w' = w - lr * no_such_name }",
]

if __name__ == "__main__":
    found = [(evaluate(source), source) for source in CANDIDATES]
    for result, source in found:
        print(source.split("(")[0], round(result["combined_score"], 3), result.get("error", ""))
    best = max(found, key=lambda pair: pair[0]["combined_score"])
    print("best:", best[1].split("(")[0])
