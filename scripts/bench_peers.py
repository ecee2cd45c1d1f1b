#!/usr/bin/env python3
"""Ravine against the packages that people use, in turn in one run; writes docs/benchmarks.md.

    make bench-peers                      makes a virtual environment where none is named
    RAVINE_PEERS_PYTHON=... make bench-peers
    python scripts/bench_peers.py --only small,gpt2 --rounds 7 --output /tmp/part.md

Every contestant is a process that binds its tensors, takes its first steps, says it is ready, and then
steps for some 20 milliseconds whenever it is told, in parts of which the middle one counts. In each round
each is told once; a ratio is the median over the rounds of our time over theirs in the same round, so that what slows the machine down
for a while slows both.
"""
import argparse, datetime, json, os, platform, re, shutil, statistics, subprocess, sys, tempfile, time
from importlib import metadata

from bench_networks import NETWORKS, network_step
from bench_rooflines import rooflines

PART, PARTS, TURN = 0.002, 9, 0.02
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GPT2 = [[50257, 768], [1024, 768]]
for _ in range(12):
    GPT2 += [[768], [768], [768, 2304], [2304], [768, 768], [768], [768], [768], [768, 3072]]
    GPT2 += [[3072], [3072, 768], [768]]
GPT2 += [[768], [768]]


def shapes(size):
    """The tensors of a size, as `ravine bench --size` names it."""
    if size == "gpt2":
        return GPT2
    lengths = []
    for part in size.split("x"):
        factor = {"Ki": 1 << 10, "Mi": 1 << 20}.get(part[-2:], 1)
        lengths.append(int(part[:-2] if factor > 1 else part) * factor)
    return [lengths]


# --- A peer, in a process of its own ---------------------------------------------------------------


def torch_step(kind, rule, size, threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    parameters = []
    for dims in shapes(size):
        p = torch.nn.Parameter(torch.rand(dims) - 0.5)
        p.grad = torch.rand(dims) - 0.5
        parameters.append(p)
    if kind in ("fused", "foreach", "for-loop"):
        optimizer = torch.optim.AdamW(
            parameters, lr=1e-3, weight_decay=0.01, fused=kind == "fused", foreach=kind == "foreach")
    elif kind == "pytorch_optimizer":
        import pytorch_optimizer

        optimizer = getattr(pytorch_optimizer, rule)(parameters)
    elif kind == "compile":
        import lion_pytorch

        optimizer = lion_pytorch.Lion(parameters, lr=1e-4)
        return torch.compile(lambda: optimizer.step())
    elif kind in ("muon", "muon-f32"):
        if kind == "muon-f32":
            # The package iterates in bfloat16, which takes a processor without such products many seconds
            # a step; the same lines in float32.
            import inspect

            module = sys.modules["torch.optim._muon"]
            text = inspect.getsource(module._zeropower_via_newtonschulz)
            assert text.count("torch.bfloat16") == 1
            exec(text.replace("torch.bfloat16", "torch.float32"), module.__dict__)
        optimizer = torch.optim.Muon(parameters, lr=0.02)
    elif kind == "bitsandbytes":
        import bitsandbytes

        optimizer = getattr(bitsandbytes.optim, rule)(parameters)
    elif kind == "torchao":
        import torchao.optim

        optimizer = getattr(torchao.optim, rule)(parameters)
    elif kind == "optimi":
        import optimi

        optimizer = getattr(optimi, rule)(parameters, lr=1e-3)
    elif kind == "lion-pytorch":
        import lion_pytorch

        optimizer = lion_pytorch.Lion(parameters, lr=1e-4)
    elif kind == "ravine.torch":
        import ravine.torch

        optimizer = getattr(ravine.torch, rule)(parameters)
    elif kind == "bare":
        # What PyTorch puts around any step.
        class Bare(torch.optim.Optimizer):
            def step(self, closure=None):
                pass

        optimizer = Bare(parameters, {})
    else:
        raise SystemExit(f"no peer {kind}")
    return optimizer.step


def optax_step(kind, rule, size, threads):
    if threads == 1:
        # XLA takes its threads from the cores that it may use.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import jax, jax.numpy as jnp, numpy, optax

    if kind == "ravine.optax":
        import ravine.optax

        transform = ravine.optax.transform(rule)
    else:
        transform = {"AdamW": lambda: optax.adamw(1e-3, weight_decay=0.01), "Lion": lambda: optax.lion(1e-4)}[rule]()
    random = numpy.random.default_rng(0)
    parameters = [jnp.asarray(random.random(dims, dtype="float32") - 0.5) for dims in shapes(size)]
    gradients = [jnp.asarray(random.random(dims, dtype="float32") - 0.5) for dims in shapes(size)]
    box = [parameters, transform.init(parameters)]

    def update(p, g, s):
        if kind == "ravine.optax":
            return transform.step(p, s, g)
        u, s = transform.update(g, s, p)
        return optax.apply_updates(p, u), s

    compiled = jax.jit(update, donate_argnums=(0, 2))

    def step():
        box[0], box[1] = compiled(box[0], gradients, box[1])
        jax.block_until_ready(box[0])

    return step


def peer(kind, rule, size, threads):
    if kind == "network":
        step = network_step(rule, threads)
    else:
        make = optax_step if kind in ("optax", "ravine.optax") else torch_step
        step = make(kind, rule, size, threads)
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    step(), step()
    repeats = 1
    while True:
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        took = time.perf_counter() - start
        if took >= PART / 4:
            break
        repeats *= 4
    repeats = max(1, round(repeats * PART / took))
    print(json.dumps({"first": first}), flush=True)
    for _ in sys.stdin:
        # As `ravine bench --turns` does: of the parts of a turn the middle one counts.
        times, start = [], time.perf_counter()
        last = start
        while not times or len(times) < PARTS and last - start < TURN:
            for _ in range(repeats):
                step()
            now = time.perf_counter()
            times.append((now - last) / repeats)
            last = now
        print(json.dumps([statistics.median(times)]), flush=True)


# --- The run ---------------------------------------------------------------------------------------


class Contestant:
    """A process that steps when it is told. `names`: one for each number that it answers."""

    def __init__(self, names, command, threads, folder):
        self.names, self.times = names, [[] for _ in names]
        environment = dict(
            os.environ, OMP_NUM_THREADS=str(threads), RAVINE_CACHE=folder + "/code",
            TORCHINDUCTOR_CACHE_DIR=folder + f"/inductor-{threads}")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment)
        line = self.process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{names[0]}: {self.process.stderr.read().strip()[-300:]}")
        self.first = json.loads(line)["first"] if line.startswith("{") else None

    def turn(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        for times, seconds in zip(self.times, json.loads(self.process.stdout.readline())):
            times.append(seconds)

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()


def ours(rule, size, threads, engine, loop=False):
    names = [(engine, rule)] + ([("c", rule)] if loop else [])
    command = [ARGS.ravine, "bench", rule, "--size", size, "--threads", str(threads), "--engine", engine, "--turns"]
    return names, command + (["--loop"] if loop else [])


def theirs(kind, rule, size, threads):
    command = [sys.executable, os.path.abspath(__file__), "--worker", kind, rule, size, str(threads)]
    return [(kind, rule)], command


def contest(size, threads, entries, folder):
    """Seconds a step by (who, rule), one entry a round; first steps; what could not run."""
    contestants, missing = [], {}
    for names, command in entries:
        say(f"  {size}, {threads} thread{'s' * (threads > 1)}: {names[0][0]} {names[0][1]}")
        try:
            contestants.append(Contestant(names, command, threads, folder))
        except RuntimeError as error:
            missing[names[0]] = str(error)
            say(f"    {error}")
    for k in range(ARGS.rounds):
        for contestant in contestants:
            contestant.turn()
            # Threads that watch for more work go to sleep.
            time.sleep(0.005)
    for contestant in contestants:
        contestant.end()
    times = {name: t for c in contestants for name, t in zip(c.names, c.times)}
    firsts = {c.names[0]: c.first for c in contestants}
    return times, firsts, missing


def say(text):
    print(text, file=sys.stderr, flush=True)


def quartiles(values):
    values = sorted(values)
    at = lambda q: values[round(q * (len(values) - 1))]
    return at(0.25), statistics.median(values), at(0.75)


class Table:
    """Rows of bars, a column for each number of threads."""

    def __init__(self):
        self.bars, self.cells = {}, {}
        # What follows the table, in Markdown.
        self.roofs = ""

    def put(self, title, bar, threads, text):
        # Some bars are those of one thread.
        self.bars[title] = self.bars.get(title) or bar
        self.cells[title, threads] = text

    def ratio(self, title, bar, threads, times, mine, other, faster=False):
        """Our time over theirs, or how many times faster we are; `bar` None is no bar."""
        if mine not in times or other not in times:
            return self.put(title, text_of(bar, faster), threads, "not there")
        pairs = [b / a if faster else a / b for a, b in zip(times[mine], times[other])]
        low, middle, high = quartiles(pairs)
        met = "" if bar is None else (", met" if (middle >= bar if faster else middle <= bar) else ", **not met**")
        self.put(title, text_of(bar, faster), threads, f"{middle:.2f} ({low:.2f}-{high:.2f}){met}")

    def markdown(self):
        head = "| case | bar | " + " | ".join(f"{n} thread{'s' * (n > 1)}" for n in ARGS.threads) + " |"
        lines = [head, "|---|---|" + "---|" * len(ARGS.threads)]
        for title, bar in self.bars.items():
            cells = [self.cells.get((title, n), "") for n in ARGS.threads]
            lines.append(f"| {title} | {bar} | " + " | ".join(cells) + " |")
        return "\n".join(lines)


def text_of(bar, faster):
    if bar is None:
        return ""
    return f"≥ {bar:g}× faster" if faster else f"≤ {bar:g}×"


def judged(value, bar, unit):
    return f"{value:.3g} {unit}, " + ("met" if value <= bar else "**not met**")


PACKAGE = [("Lion", 3.5), ("Adan", 6), ("AdEMAMix", 6), ("AdaBelief", 6), ("LaProp", 5)]


def adamw(table, threads, folder):
    for size, bar in [("64Ki", 0.45), ("1Mi", 0.8), ("16Mi", 1.0)]:
        entries = [ours("AdamW", size, threads, "native", loop=True)]
        entries += [theirs(kind, "AdamW", size, threads) for kind in ("fused", "foreach", "for-loop", "optax", "optimi")]
        times, _, _ = contest(size, threads, entries, folder)
        for kind, name, limit in [
            ("fused", "torch fused", bar), ("foreach", "torch foreach", None), ("for-loop", "torch for-loop", None),
            ("optax", "optax jit", None), ("optimi", "torch-optimi", None), ("c", "C loop", 1.05 if size == "16Mi" else None),
        ]:
            table.ratio(
                f"native AdamW, {size}, against {name}", limit, threads, times, ("native", "AdamW"), (kind, "AdamW"))


def lion(table, threads, folder):
    entries = [ours("Lion", "16Mi", threads, "native", loop=True)]
    entries += [theirs(kind, "Lion", "16Mi", threads) for kind in ("compile", "optax", "pytorch_optimizer", "optimi")]
    times, firsts, _ = contest("16Mi", threads, entries, folder)
    for kind, name, bar in [("c", "C loop", 1.05), ("compile", "torch.compile", 1.0), ("optax", "optax jit", 1.0),
                            ("optimi", "torch-optimi", None)]:
        table.ratio(f"native Lion, 16Mi, against {name}", bar, threads, times, ("native", "Lion"), (kind, "Lion"))
    for kind, name in [("compile", "torch.compile"), ("optax", "optax jit")]:
        if firsts.get((kind, "Lion")) is not None:
            table.put(f"first step of {name}, Lion", "", threads, f"{firsts[kind, 'Lion'] * 1e3:.0f} ms")
    table.ratio(
        "native Lion, 16Mi, against pytorch_optimizer", 3.5 if threads == 1 else None, threads, times,
        ("native", "Lion"), ("pytorch_optimizer", "Lion"), faster=True)


def package(table, threads, folder):
    for rule, bar in PACKAGE[1:]:
        entries = [ours(rule, "16Mi", threads, "native"), theirs("pytorch_optimizer", rule, "16Mi", threads)]
        times, _, _ = contest("16Mi", threads, entries, folder)
        table.ratio(
            f"native {rule}, 16Mi, against pytorch_optimizer", bar if threads == 1 else None, threads, times,
            ("native", rule), ("pytorch_optimizer", rule), faster=True)


def interpreter(table, threads, folder):
    for rule in ("AdamW", "Lion"):
        for size, bar in [("16Mi", 1.5), ("256Ki", 2.0), ("4Ki", 2.5)]:
            times, _, _ = contest(size, threads, [ours(rule, size, threads, "interpreter", loop=True)], folder)
            table.ratio(
                f"interpreted {rule}, {size}, against the C loop", bar, threads, times, ("interpreter", rule),
                ("c", rule))


def small(table, threads, folder):
    entries = [ours("AdamW", "64", threads, "interpreter")]
    entries += [theirs(kind, "AdamW", "64", threads) for kind in ("fused", "optax")]
    times, _, _ = contest("64", threads, entries, folder)
    mine = statistics.median(times["interpreter", "AdamW"]) * 1e6
    table.put("a step of 64 elements, AdamW", "≤ 0.3 µs", threads, judged(mine, 0.3, "µs"))
    for kind, name in [("fused", "torch fused"), ("optax", "optax jit")]:
        if (kind, "AdamW") in times:
            theirs_ = statistics.median(times[kind, "AdamW"]) * 1e6
            table.put(f"the same, {name}", "", threads, f"{theirs_:.3g} µs")


def gpt2(table, threads, folder):
    entries = [ours("AdamW", "gpt2", threads, engine) for engine in ("native", "auto")]
    entries += [theirs("fused", "AdamW", "gpt2", threads)]
    times, _, _ = contest("gpt2", threads, entries, folder)
    for engine in ("native", "auto"):
        table.ratio(
            f"148 tensors of GPT-2 small, {engine} AdamW, against torch fused", 0.9, threads, times,
            (engine, "AdamW"), ("fused", "AdamW"))


def muon(table, threads, folder):
    size = "1024x1024"
    entries = [ours("MuonTorch", size, threads, "native"), theirs("muon-f32", "Muon", size, threads)]
    if "in float32" not in subprocess.check_output([ARGS.ravine, "--version", "--verbose"], text=True):
        entries += [ours("MuonBF16", size, threads, "native"), theirs("muon", "Muon", size, threads)]
    times, _, _ = contest(size, threads, entries, folder)
    table.ratio(
        "native Muon, 1024×1024, against torch.optim.Muon in float32", 1.0, threads, times, ("native", "MuonTorch"),
        ("muon-f32", "Muon"))
    table.ratio(
        "native MuonBF16, 1024×1024, against torch.optim.Muon", 1.05, threads, times, ("native", "MuonBF16"),
        ("muon", "Muon"))


def eightbit(table, threads, folder):
    title, bar = "8-bit Adam, 16Mi, against our float32 AdamW", 1.0
    if subprocess.run([ARGS.ravine, "zoo", "Adam8bit"], capture_output=True).returncode != 0:
        return table.put(title, text_of(bar, False), threads, "not there")
    entries = [ours(rule, "16Mi", threads, "native") for rule in ("Adam8bit", "AdamW")]
    times, _, _ = contest("16Mi", threads, entries, folder)
    table.ratio(title, bar, threads, times, ("native", "Adam8bit"), ("native", "AdamW"))


def theirs8bit(table, threads, folder):
    """States of eight bits of others on the processor, whose first steps take long."""
    peers = [("bitsandbytes", "Adam8bit"), ("bitsandbytes", "Lion8bit"), ("torchao", "AdamW8bit")]
    entries = [ours("Adam8bit", "16Mi", threads, "native"), theirs("ravine.torch", "Adam8bit", "16Mi", threads)]
    entries += [theirs(kind, rule, "16Mi", threads) for kind, rule in peers]
    times, firsts, _ = contest("16Mi", threads, entries, folder)
    for who, name in [("native", "native"), ("ravine.torch", "ravine.torch")]:
        for kind, rule in peers:
            table.ratio(
                f"{name} Adam8bit, 16Mi, against {kind} {rule}", 10 if rule != "Lion8bit" else None, threads, times,
                (who, "Adam8bit"), (kind, rule), faster=True)
    for peer in peers:
        if firsts.get(peer) is not None:
            table.put(f"first step of {peer[0]} {peer[1]}, 16Mi", "", threads, f"{firsts[peer]:.1f} s")


def hosts(table, threads, folder):
    """Rules as optimizers of PyTorch and transformations of optax, against those that are there."""
    entries = [theirs(kind, "AdamW", "gpt2", threads) for kind in ("ravine.torch", "fused")]
    times, _, _ = contest("gpt2", threads, entries, folder)
    table.ratio(
        "148 tensors of GPT-2 small, AdamW of ravine.torch, against torch fused", 1.0, threads, times,
        ("ravine.torch", "AdamW"), ("fused", "AdamW"))
    entries = [theirs(kind, "AdamW", "64", threads) for kind in ("ravine.torch", "bare", "fused")]
    times, _, _ = contest("64", threads, entries, folder)
    mine, bare = (statistics.median(times[kind, "AdamW"]) * 1e6 for kind in ("ravine.torch", "bare"))
    table.put(
        "64 elements, AdamW of ravine.torch, beyond a step that does nothing", "≤ 20 µs", threads,
        judged(mine - bare, 20, "µs") + f" ({mine:.3g} and {bare:.3g})")
    entries = [theirs(kind, "Lion", "16Mi", threads) for kind in ("ravine.torch", "lion-pytorch", "ravine.optax", "optax")]
    times, _, _ = contest("16Mi", threads, entries, folder)
    for mine, peer, name, bar in [
        ("ravine.torch", "lion-pytorch", "lion-pytorch", 3), ("ravine.optax", "optax", "optax jit", 4)
    ]:
        table.ratio(
            f"Lion of {mine}, 16Mi, against {name}", bar, threads, times, (mine, "Lion"), (peer, "Lion"), faster=True)


def bench(arguments, folder):
    environment = dict(os.environ, RAVINE_CACHE=folder)
    done = subprocess.run([ARGS.ravine, "bench", *arguments, "--json"], capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)["cases"] if done.returncode == 0 else []


def first(table, threads, folder):
    for rule in ("Lion", "AdamW"):
        found = {True: [], False: []}
        for k in range(9):
            place = tempfile.mkdtemp(dir=folder)
            for cold in (True, False):
                case = bench([rule, "--size", "64Ki", "--engine", "native", "--threads", str(threads), "--first"], place)[0]
                assert case["first_step"]["cold"] == cold
                found[cold].append([1e3 * case["first_step"][name] for name in ("seconds", "computing")])
        for cold, name, bar in [(True, "with the compiler", 150), (False, "from the cache", 3)]:
            table.put(
                f"first step of native {rule}, {name}", f"≤ {bar} ms", threads,
                judged(statistics.median(wall for wall, _ in found[cold]), bar, "ms")
                + f" ({statistics.median(computing for _, computing in found[cold]):.3g} ms computing)")


def memory(table, threads, folder):
    for rule in ("AdamW", "Lion", "Adan"):
        case = bench([rule, "--size", "16Mi", "--engine", "native", "--threads", str(threads), "--first"], folder)[0]
        held = case["memory"]
        declared = held["parameters"] + held["gradients"] + held["states"]
        if held["peak"] is not None:
            beyond = (held["peak"] - declared) / 2**20
            table.put(
                f"memory beyond parameters, gradients and states, {rule}, 16Mi", "≤ 1 MB per thread", threads,
                judged(beyond, threads * 1e6 / 2**20, "MiB") + f" of {declared / 2**20:.0f}")


def described(rule):
    """What `ravine describe` says of a rule; None where it says nothing."""
    done = subprocess.run([ARGS.ravine, "describe", rule, "--json"], capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def zoo(table, threads, folder):
    """Every elementwise rule: the share of its stream; of those below it, what arithmetic allows."""
    names = [rule["name"] for rule in json.loads(subprocess.check_output([ARGS.ravine, "zoo", "--json"]))]
    shares, times, slow = {}, {}, []
    for name in names:
        description = described(name)
        if description is None or '"elementwise"' not in json.dumps(description):
            continue
        cases = bench([name, "--size", "16Mi", "--engine", "native", "--threads", str(threads), "--rounds", "7"], folder)
        if cases and cases[0]["stream_share"] is not None:
            shares[name] = cases[0]["stream_share"]
            times[name] = cases[0]["ns_per_element"]["median"]
            say(f"  {name}: {100 * shares[name]:.0f} %")
    for name, share in sorted(shares.items(), key=lambda item: item[1]):
        if share < 0.85:
            slow.append(name)
    listed = ", ".join(f"{name} {100 * shares[name]:.0f} %" for name in slow)
    text = f"{len(shares) - len(slow)} of {len(shares)}, " + ("met" if not slow else "**not met**: " + listed)
    table.put("elementwise rules of the zoo, 16Mi, that reach 85 % of their stream", "all", threads, text)
    if threads == 1:
        table.roofs = rooflines(slow, shares, times, lambda *arguments: bench(arguments, folder)[0], described, folder)


def networks(table, threads, folder):
    """Training steps of ours and of PyTorch's eager mode, by turns. Ours have the losses at the ends of epochs in them."""
    for name, title in [("kernels", "a convolutional network"), ("attention", "a block of attention")]:
        sources = []
        for steps in (60, 460):
            sources.append(os.path.join(folder, f"{name}{steps}.opt"))
            with open(sources[-1], "w") as file:
                file.write(f"{NETWORKS[name]}\ntrain net on digits with Adam(lr = 0.01) for {steps} steps batch 64 seeds 1\n")
        names, command = theirs("network", name, "64", threads)
        peer_, mine = Contestant(names, command, threads, folder), []
        for _ in range(ARGS.rounds):
            seconds = []
            for source in sources:
                done = subprocess.run(
                    [ARGS.ravine, "run", source, "--threads", str(threads), "--json"], capture_output=True, text=True,
                    check=True, cwd=os.path.join(HERE, "Examples"))
                seconds.append(json.loads(done.stdout)[0]["rules"][0]["runs"][0]["seconds"])
            mine.append((seconds[1] - seconds[0]) / 400)
            peer_.turn()
        peer_.end()
        table.ratio(
            f"a training step of {title}, against PyTorch", 1.5 if threads == 1 else None, threads,
            {"ours": mine, "theirs": peer_.times[0]}, "ours", "theirs")


SECTIONS = [
    small, first, gpt2, adamw, lion, package, interpreter, muon, eightbit, theirs8bit, hosts, networks, memory, zoo,
]


def machine():
    lines, text = [], open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    model = re.search(r"model name\s*: (.*)", text)
    lines.append(f"- {model.group(1) if model else platform.processor()}, {os.cpu_count()} cores")
    if shutil.which("lscpu"):
        facts = subprocess.run(["lscpu"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
        caches = re.findall(r"^(L\w+) cache:\s*(.*)$", facts, re.M)
        lines.append("- caches: " + ", ".join(f"{name} {size}" for name, size in caches))
        flags = re.search(r"^Flags:\s*(.*)$", facts, re.M)
        have = [f for f in ("avx2", "avx512f", "asimd", "sve") if flags and f in flags.group(1).split()]
        lines.append("- vectors: " + ", ".join(have))
    lines.append(f"- {platform.system()} {platform.release().split('-')[0]}, {platform.machine()}")
    lines.append(f"- {os.getloadavg()[0]:.1f} other processes that wanted a core when it began")
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    lines.append(f"- {compiler}")
    lines.append("- Ravine " + subprocess.check_output([ARGS.ravine, "--version"], text=True).strip())
    packages = ["torch", "pytorch-optimizer", "lion-pytorch", "torch-optimi", "bitsandbytes", "torchao", "jax", "optax"]
    lines.append("- Python " + platform.python_version() + ", " + ", ".join(f"{p} {metadata.version(p)}" for p in packages))
    return "\n".join(lines)


def main():
    table, facts = Table(), machine()
    wanted = ARGS.only.split(",") if ARGS.only else [section.__name__ for section in SECTIONS]
    with tempfile.TemporaryDirectory() as folder:
        for section in SECTIONS:
            if section.__name__ in wanted:
                for threads in ARGS.threads:
                    say(f"{section.__name__}, {threads} thread{'s' * (threads > 1)}")
                    section(table, threads, folder)
                    # After each: a long run that is stopped has told something.
                    write(table, facts)
    say(f"wrote {ARGS.output}")


def write(table, facts):
    text = f"""# Benchmarks

Written by `make bench-peers` on {datetime.date.today()}; the numbers are this machine's.

{facts}

Ratios are our time over theirs, or how many times faster we are where it says so: the median over
{ARGS.rounds} rounds in which all ran in turn, with the quartiles. Float32; 1Mi is 1,048,576 elements; tensors stay
where they are, each process takes many steps, and PyTorch and XLA are given as many threads as we are.
A share of a stream is measured by `ravine bench`: the time of going through as many arrays, read and
written alike, over the time of the step.

{table.markdown()}
{table.roofs}"""
    with open(ARGS.output, "w") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        kind, rule, size, threads = sys.argv[2:6]
        peer(kind, rule, size, int(threads))
        sys.exit()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ravine", default=HERE + "/.build/release/ravine")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--only", help=", ".join(section.__name__ for section in SECTIONS))
    parser.add_argument("--output", default=HERE + "/docs/benchmarks.md")
    ARGS = parser.parse_args()
    main()
