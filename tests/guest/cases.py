# SPDX-License-Identifier: GPL-2.0-only
"""Reports the cases of one test script in the form tests/run counts: ok, not ok, skip."""
import contextlib
import itertools
import traceback

from kernels import Missing


class Failed(Exception):
    pass


class Case:
    def expect(self, condition, otherwise):
        if not condition:
            raise Failed(otherwise)

    def equal(self, got, wanted, what):
        if got != wanted:
            raise Failed(f"{what}: {difference(got, wanted)}")


def difference(got, wanted):
    """What differs, in words; of long lists only the first entries that do."""
    if isinstance(got, list) and isinstance(wanted, list) and len(got) + len(wanted) > 8:
        begin = next(i for i, (a, b) in enumerate(itertools.zip_longest(got, wanted, fillvalue=Case)) if a != b)
        end = begin + 3
        return (f"{len(got)} entries, wanted {len(wanted)}; from entry {begin} on got {got[begin:end]}, "
                f"wanted {wanted[begin:end]}")
    return f"got {got}, wanted {wanted}"


class Cases:
    def __init__(self):
        self.results = []

    @contextlib.contextmanager
    def case(self, name):
        """A case passes unless its body raises; Missing skips it with the reason."""
        try:
            yield Case()
            self.results.append(["ok", name, ""])
        except Missing as missing:
            self.results.append(["skip", name, str(missing)])
        except Failed as failed:
            self.results.append(["not ok", name, str(failed)])
        except Exception:  # a broken test is a failed test
            self.results.append(["not ok", name, traceback.format_exc()])

    def expect_skipped(self, start, reason):
        """Turns a skip that was wanted (name begins with start, reason contained) into a pass."""
        for result in self.results:
            if result[1].startswith(start):
                result[0] = "ok" if result[0] == "skip" and reason in result[2] else "not ok"

    def finish(self):
        for verdict, name, why in self.results:
            if verdict == "skip":
                print(f"skip {name}: {why}")
            else:
                print(f"{verdict} {name}")
            if verdict == "not ok":
                print(why)
        return 1 if any(result[0] == "not ok" for result in self.results) else 0
