# SPDX-License-Identifier: GPL-2.0-only
"""What a model's replay of a trace says, for the tests that compare it with the kernel's own decisions."""
import json

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
