"""Typesets the export of every rule of the zoo by the real thing: latex.py RAVINE [NAME].

Each file goes through pdflatex as it is. What TeX stops at, names that it does not know, and letters that its fonts
lack are failures; with NAME, rules whose name contains it. Where there is no pdflatex, that is said.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# A rule that has no call of its own is given one as a user would.
ARGUMENTS = ["", "(AdamW)", "(lr = 0.01)", "(lr = 0.01, n = 100)"]


def export(ravine, rule):
    """The text of an export, or the complaint."""
    for arguments in ARGUMENTS:
        done = subprocess.run([ravine, "export", "--to", "latex", rule + arguments], capture_output=True, encoding="utf-8")
        if done.returncode == 0:
            return done.stdout, None
    return None, done.stderr.strip().splitlines()[0]


def typeset(source, folder):
    """What TeX says against a file; None where it has nothing to say."""
    with open(os.path.join(folder, "rule.tex"), "w", encoding="utf-8") as file:
        file.write(source)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "rule.tex"], cwd=folder,
        capture_output=True, encoding="utf-8", errors="replace")
    with open(os.path.join(folder, "rule.log"), encoding="utf-8", errors="replace") as file:
        found = re.search(r"^(?:! .*|Missing character: .*|LaTeX Warning: .*undefined.*)", file.read(), re.MULTILINE)
    if found:
        return found.group(0)
    return None if done.returncode == 0 and "Output written" in done.stdout else f"status {done.returncode}"


def main():
    ravine, only = sys.argv[1], (sys.argv[2:] + [""])[0]
    if shutil.which("pdflatex") is None:
        print("latex: not run, there is no pdflatex here", file=sys.stderr)
        return 0
    listed = subprocess.run([ravine, "zoo"], capture_output=True, encoding="utf-8", check=True).stdout
    rules = [line.split()[0] for line in listed.splitlines() if line.strip() and only in line.split()[0]]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for rule in rules:
            source, complaint = export(ravine, rule)
            complaint = complaint or typeset(source, folder)
            if complaint:
                failed += 1
                print(f"latex  {rule:26} {complaint}", flush=True)
    print(f"typeset by pdflatex: {len(rules) - failed} of {len(rules)} rules")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
