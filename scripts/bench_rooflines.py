"""What arithmetic allows a rule: the price of each operation on this machine, and rules beside it."""
import os

# What an operation costs where nothing else binds is measured by a rule that has it eight times.
OPERATIONS = {
    "multiply": "{} * lr", "divide": "lr / {}", "squareRoot": "sqrt({})", "cubeRoot": "cbrt({})",
    "exponential": "exp({})", "logarithm": "log({})", "log1p": "log1p({})", "expm1": "expm1({})",
    "power": "{} ^ (1 + lr)", "tanh": "tanh({})", "cosine": "cos({})", "sine": "sin({})", "draw": "({} + normal())",
}
# Divisions and roots have a unit of their own, beside those that add and multiply.
DIVIDERS = ("divide", "squareRoot")
# One thread, with all arrays in the nearest caches.
NEAR = ("--size", "8Ki", "--engine", "native", "--threads", "1", "--rounds", "9")


def prices(bench, folder):
    """Nanoseconds an element of each operation in the nearest cache with one thread, and of a state in eight bits."""
    def rule(name, body, state="", after=""):
        return f"rule {name}(lr = 0.1) {{\n{state}{body}\n    w' = w - lr * (m0 + m1 + m2 + m3 + m4 + m5 + m6 + m7)\n{after}}}\n"

    values = [f"g * g + {k + 1}" for k in range(8)]
    line = lambda written: "\n".join(f"    m{k} = {written.format(f'({value})')}" for k, value in enumerate(values))
    rules = {"Nothing": rule("Nothing", line("{}"))}
    for name, written in OPERATIONS.items():
        title = "With" + name[0].upper() + name[1:]
        rules[title] = rule(title, line(written))
    for title, storage in [("Kept", ""), ("KeptInBits", " as int8(block = 256)")]:
        rules[title] = rule(title, line("{}"), f"    state s{storage}\n", "    s' = g + 0.5 * s\n")
    place = os.path.join(folder, "prices.opt")
    with open(place, "w") as file:
        file.write("\n".join(rules.values()))
    took = {}
    for title in rules:
        case = bench(f"{place}:{title}", *NEAR)
        took[title] = case["ns_per_element"]["median"]
    found = {name: max(0, took["With" + name[0].upper() + name[1:]] - took["Nothing"]) / 8 for name in OPERATIONS}
    found["eight bits"] = max(0, took["KeptInBits"] - took["Kept"])
    return found


def rooflines(names, shares, times, bench, describe, folder):
    """A row for each rule that does not reach its stream: operations, the time of the ports, and of the step.

    `bench` measures one case by the arguments of `ravine bench`, `describe` has what is said of a rule.
    """
    price, rows = prices(bench, folder), []
    for name in names:
        cost = describe(name)["variants"][0]["cost"]
        case = bench(name, *NEAR)
        counts = {}
        for operation, count in cost["busiest"]["operations"].items():
            # Each pass draws again what it needs.
            count *= case["passes"] if operation == "draw" else 1
            kind = operation if operation in OPERATIONS and operation != "multiply" else "simple"
            counts[kind] = counts.get(kind, 0) + count
        bits = sum("int8" in state["storage"] for state in cost["states"])
        if bits:
            counts["eight bits"] = bits
        time = lambda kinds: sum(n * price["multiply" if k == "simple" else k] for k, n in counts.items() if kinds(k))
        ports = max(time(lambda k: k in DIVIDERS), time(lambda k: k not in DIVIDERS))
        stream = shares[name] * times[name]
        written = ", ".join(f"{n} {k}" for k, n in sorted(counts.items(), key=lambda item: item[0] != "simple"))
        rows.append(
            f"| {name} | {written} | {ports:.2f} | {case['ns_per_element']['median']:.2f} | {stream:.2f} "
            f"| {times[name]:.2f} | {100 * max(stream, ports) / times[name]:.0f} % |")
    costs = ", ".join(f"{name} {cost:.3f}" for name, cost in price.items())
    return f"""
## Rules below their stream

Those below 85 %, with one thread; nanoseconds an element. *Ports* is what the operations take by the
price of each, the longer of the divider's and that of all others; *cache* is the step where all arrays lie in the nearest
caches; *roofline* is the share that the longer of ports and stream has of the step. Operations are those of
`ravine describe`; a draw counts once a pass. Prices of this machine: {costs}.

| rule | operations | ports | cache | stream | 16Mi | roofline |
|---|---|---|---|---|---|---|
""" + "\n".join(rows)
