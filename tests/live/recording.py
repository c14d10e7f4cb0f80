# SPDX-License-Identifier: GPL-2.0-only
"""What the live tests share: running the recorder, reading its traces, reporting cases."""
import json
import os
import subprocess
import sys
import tempfile
import time

HINDSIGHT = os.environ.get("HINDSIGHT", "./hindsight")
BUILD = os.environ.get("BUILD", "build/gcc")
NAME = os.path.basename(sys.argv[0])
_failed = []


def run(*args, seconds=120, **more):
    """The finished `hindsight ARGS…`, with stdout and stderr as text."""
    return subprocess.run([HINDSIGHT, *args], capture_output=True, text=True, timeout=seconds, check=False, **more)


def start(*args, **more):
    """`hindsight ARGS…` running."""
    return subprocess.Popen([HINDSIGHT, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def wait_until_begun(process, path, seconds=60):
    """Until a recorder that runs has written what it saw when it began: its file has more than the header."""
    end = time.time() + seconds
    while time.time() < end and process.poll() is None:
        if os.path.exists(path):
            with open(path, "rb") as file:
                header = file.read(8)[4:]
            if header and os.path.getsize(path) > 8 + int.from_bytes(header, "little"):
                return
        time.sleep(0.05)


def program(name):
    """Path of a test program that make has built."""
    return os.path.join(BUILD, "tests", "live", name)


def folder():
    """A temporary directory, gone at the end."""
    return tempfile.TemporaryDirectory(prefix="hindsight-")


def works():
    """{source: {rung, …}} that doctor has seen working."""
    done = run("doctor", "--json")
    found = {}
    if done.returncode == 0:
        for rung in json.loads(done.stdout)["rungs"]:
            if rung["works"]:
                found.setdefault(rung["source"], set()).add(rung["rung"])
    return found


def require(source=None):
    """Ends the test as skipped where source cannot be recorded."""
    found = works()
    if not found or (source and source not in found):
        print(f"{source or 'recording'} does not work here: see hindsight doctor")
        sys.exit(77)
    return found


def events(path, *kinds):
    """Events of a trace as dictionaries."""
    done = run("dump", path, "--format", "jsonl", *(["-e", ",".join(kinds)] if kinds else []))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "kind" in line]


def number(event, column):
    """A column as a number; addresses are hex strings."""
    value = event.get(column, 0)
    return int(value, 16) if isinstance(value, str) else value


def check(name, good, why=""):
    """Reports one case."""
    if good:
        print(f"ok {name}")
    else:
        print(f"not ok {name}: {why}")
        _failed.append(name)


def equal(name, got, wanted):
    """Reports one case: two values are the same."""
    check(name, got == wanted, f"got {got}, wanted {wanted}")


def skip(name, why):
    """Reports a case that cannot run here."""
    print(f"skip {name}: {why}")


def finish():
    """The test's exit status."""
    sys.exit(1 if _failed else 0)
