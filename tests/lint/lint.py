# SPDX-License-Identifier: GPL-2.0-only
"""What the lint tests share: the tree's files and a report of what is wrong."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("HINDSIGHT") or os.path.join(ROOT, "hindsight")


def files(*suffixes, under=("",)):
    """Paths from the root of all files that belong to the tree, by suffix and first folder."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"], check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\n")
    return sorted(path for path in set(listed) if path and os.path.isfile(os.path.join(ROOT, path))
                  and (not suffixes or path.endswith(suffixes)) and path.startswith(tuple(under)))


def lines(path):
    """(number, line) of a text file."""
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as source:
        return list(enumerate(source.read().split("\n"), 1))


class Report:
    """Counts cases; "ok NAME" or "not ok NAME" with what is wrong above it."""

    def __init__(self):
        self.failed = False

    def case(self, name, problems):
        problems = list(problems)
        for problem in problems:
            print(" ", problem)
        print("not ok" if problems else "ok", name)
        self.failed |= bool(problems)

    def exit(self):
        sys.exit(1 if self.failed else 0)
