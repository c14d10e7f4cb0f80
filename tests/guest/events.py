# SPDX-License-Identifier: GPL-2.0-only
"""Events of a trace, and what a workload said it did, for comparing the two."""
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The plain build: what runs in a guest, and is fast enough to read its traces.
HINDSIGHT = ROOT / "hindsight"
WORKLOADS = ROOT / "build" / "workloads"
PROPERTY = HINDSIGHT.resolve().parent / "tests" / "mm_property"


def said(text):
    """{key: value} of a workload's "KEY NUMBER" lines; "range" lines as a list of (kind, start, end)."""
    found = {"ranges": []}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("-").replace("0x", "", 1).isalnum():
            try:
                found[words[0]] = int(words[1], 0)
            except ValueError:
                continue
        elif len(words) == 4 and words[0] == "range":
            found["ranges"].append((words[1], int(words[2], 0), int(words[3], 0)))
    return found


def hindsight(*arguments):
    return subprocess.run([str(HINDSIGHT), *map(str, arguments)], capture_output=True, text=True, check=False)


class Trace:
    def __init__(self, path):
        self.info = json.loads(hindsight("info", "--json", path).stdout)
        done = hindsight("dump", "--format", "jsonl", path)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.events = [json.loads(line) for line in done.stdout.splitlines()[1:]]

    def count(self, kind, **fields):
        """Events of a kind whose fields equal, or satisfy a function."""
        return len(self.select(kind, **fields))

    def select(self, kind, **fields):
        return [event for event in self.events if event["kind"] == kind and
                all(wanted(event[name]) if callable(wanted) else event[name] == wanted
                    for name, wanted in fields.items())]


def within(start, end):
    """For address columns: start <= address < end."""
    return lambda text: start <= int(text, 16) < end


def ones(bitmap):
    """Set bits of a bitmap column."""
    return bin(int(bitmap or "0", 16)).count("1")
