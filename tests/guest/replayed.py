# SPDX-License-Identifier: GPL-2.0-only
"""What a model's replay of a trace says, for the tests that compare it with the kernel's own decisions."""
import collections
import json
import pathlib
import tempfile

from events import hindsight


class Replay:
    """.agreement: per point and basis; .results: per recorded and modelled result; .problems: complaints."""

    def __init__(self, model, path):
        done = hindsight("replay", "-v", "-m", model, "--json", path)
        if done.returncode:
            raise RuntimeError(f"replay of {path}: status {done.returncode}\n{done.stderr}")
        self.problems = done.stderr.strip()
        tables = {table["title"]: table["rows"] for table in json.loads(done.stdout)["tables"]}
        self.agreement = tables["agreement of the model with the kernel"]
        self.results = tables["recorded and modelled results"]

    def show(self, title):
        """Lines beginning with "| " are shown by tests/run."""
        for row in self.results:
            print(f"| {title} | {row['point']} | recorded {row['recorded']} | modelled {row['modelled']} | "
                  f"{row['basis']} | {row['decisions']} |")

    def disagreements(self):
        return [row for row in self.results if row["verdict"] == "disagree"]

    def count(self, point, basis=None):
        """Decisions of a point that agree, of one basis or of all."""
        return sum(row["agree"] for row in self.agreement
                   if row["point"] == point and basis in (None, row["basis"]))


def decisions(model, path, point):
    """(recorded, modelled) of each decision of a point, as the decision file has them."""
    with tempfile.TemporaryDirectory() as out:
        written = pathlib.Path(out) / "decisions.hsd"
        done = hindsight("replay", "-q", "-m", model, "-o", written, path)
        if done.returncode:
            raise RuntimeError(f"replay of {path}: status {done.returncode}\n{done.stderr}")
        lines = hindsight("dump", "--format", "jsonl", written).stdout.splitlines()[1:]
    rows = [json.loads(line) for line in lines]
    return [pair for pair in zip(rows[::2], rows[1::2]) if pair[0]["point"] == point]


class Sections:
    """Recorded mmu-notifier sections beside the predicted ones: how many of each operation, rule and event."""
    AGREE, BASES = 1, ("exact", "bounded", "assumed")

    def __init__(self, path):
        self.counts = collections.Counter()
        self.different = []
        for recorded, modelled in decisions("address_space", path, "address_space.section"):
            event = modelled["result"] if recorded["result"] == "no section" else recorded["result"]
            self.counts[modelled["reason"], event, self.BASES[modelled["basis"]], modelled["verdict"]] += 1
            if modelled["verdict"] != self.AGREE:
                self.different.append(f"{recorded['subject']}-{recorded['subject_end']}: recorded "
                                      f"{recorded['result']}, predicted {modelled['result']} ({modelled['reason']})")

    def show(self, title):
        rows = collections.defaultdict(collections.Counter)
        for (reason, event, basis, verdict), count in self.counts.items():
            rows[reason, event, basis]["agree" if verdict == self.AGREE else "not"] += count
        print(f"| {title} | operation: opened by | event | basis | agree | disagree or unknown |")
        for (reason, event, basis), row in sorted(rows.items()):
            print(f"| {title} | {reason} | {event} | {basis} | {row['agree']} | {row['not']} |")

    def agreeing(self):
        """{"operation: rule", …} with at least one section that was predicted as it came."""
        return {reason for (reason, _, _, verdict) in self.counts if verdict == self.AGREE}
