# SPDX-License-Identifier: GPL-2.0-only
"""Draws golden cases of the first khugepaged; the referee fills in what comes out."""
import random

from v2010_referee import PAGE, Machine

LETTERS = "wwwwwwwwWWWWnnnnnnrRzZpfluucxytgqs"
LOCK_FREE = ("lock", "unlocked", "step", "end", "alloc")     # points at which mappings may change
POINTS = LOCK_FREE + ("vma", "range", "detached")
TEXTS = {"max_ptes_none": ["0\n", "1\n", "{last}\n", "{nr}\n", "3", "007\n", "-1\n", "x\n", "", "5\n\n"],
         "pages_to_scan": ["1\n", "{nr}\n", "64\n", "0\n", "4294967295\n", "4294967296\n", "17"],
         "scan_sleep_millisecs": ["1\n", "10000\n", "4294967296\n", "12 \n"],
         "alloc_sleep_millisecs": ["0\n", "1\n", "60000\n", "+\n"],
         "enabled": ["always\n", "always\n", "always\n", "madvise\n", "madvise\n", "never\n", "sometimes\n"],
         "defrag": ["0\n", "1\n"]}


class Drawer:
    def __init__(self, seed, nr):
        self.rng = random.Random(seed)
        self.nr, self.size = nr, nr * PAGE
        self.names = iter(f"M{i}" for i in range(10**6))

    def pick(self, items):
        return self.rng.choice(list(items))

    def ptes(self):
        if self.rng.random() < 0.15:
            return self.pick(["none", "nopud", "nopgd", "huge"])
        runs, left = [], self.nr
        while left:
            count = min(left, self.rng.choice([1, 1, 2, self.nr // 2, self.nr]))
            letter = self.pick("wwwWn") if self.rng.random() < 0.7 else self.pick(LETTERS)
            if self.rng.random() < 0.002:
                letter = self.pick("kKb")
            runs.append(f"{letter}{count}")
            left -= count
        return " ".join(runs)

    def vmas(self, end=24):
        """Mappings without overlap, some of them unaligned."""
        at, found = self.rng.randrange(3) * self.size, []
        while len(found) < 6 and at < end * self.size:
            start = at + self.pick([0, 0, 0, PAGE, self.size - PAGE, self.size])
            at = start + self.pick([PAGE, self.size - PAGE, self.size, self.size, 2 * self.size, 4 * self.size])
            at += self.pick([0, 0, PAGE])
            found.append([hex(start), hex(at), self.pick(["a", "a", "a", "ah", "ah", "", "h", "ao", "of", "af"])])
        return found

    def ranges(self, vmas):
        return {hex(at): self.ptes() for start, end, _ in vmas
                for at in range(-(-int(start, 16) // self.size) * self.size, int(end, 16) - self.size + 1, self.size)
                if self.rng.random() < 0.9}

    def script(self, share):
        return "".join("1" if self.rng.random() < share else "0" for _ in range(self.rng.randrange(12)))

    def setup(self):
        tunables = {"pages_to_scan": self.pick([1, self.nr, 3 * self.nr, 8 * self.nr])}
        if self.rng.random() < 0.5:
            tunables["max_ptes_none"] = self.pick([0, 1, self.nr // 2])
        if self.rng.random() < 0.3:
            tunables["enabled"] = self.pick(["madvise", "never"])
        setup = {"tunables": tunables, "mms": {}}
        for name in ("alloc", "slot_alloc", "charge", "thread_create"):
            if self.rng.random() < 0.3:
                setup[name] = self.script(0.8)
        for _ in range(1 + self.rng.randrange(4)):
            vmas = self.vmas()
            setup["mms"][next(self.names)] = {"vmas": vmas, "ranges": self.ranges(vmas)}
        return setup

    # --- operations that make sense in the machine's present state; None: there is none of this kind
    def alive(self, machine):
        return [m for m in machine.mms.values() if m.users > 0 and m.has_memory]

    def store(self):
        file = self.pick(TEXTS)
        return {"op": "store", "file": file,
                "text": self.pick(TEXTS[file]).format(nr=self.nr, last=self.nr - 1)}

    def page(self, mm):
        tables = [at for at, table in mm.ranges.items() if not isinstance(table, str)]
        return tables and {"op": "page", "mm": mm.name, "at": hex(self.pick(tables)),
                           "i": self.rng.randrange(self.nr), "to": self.pick(LETTERS)}

    def mapping(self, mm):
        """A change of the mappings."""
        vma = self.pick(mm.vmas) if mm.vmas else None
        kind = self.rng.randrange(4)
        if not vma or kind == 0:
            start = max([v[1] for v in mm.vmas], default=0)
            start = -(-start // self.size) * self.size
            return {"op": "map", "mm": mm.name, "start": hex(start), "end": hex(start + 2 * self.size),
                    "flags": self.pick(["a", "ah", "ao", ""])}
        if kind == 1:
            return {"op": "unmap", "mm": mm.name, "start": hex(vma[0])}
        if kind == 2 and vma[1] - vma[0] > PAGE:
            return {"op": "resize", "mm": mm.name, "vma": hex(vma[0]), "start": hex(vma[0]),
                    "end": hex(vma[1] - PAGE)}
        return {"op": "flags", "mm": mm.name, "vma": hex(vma[0]), "flags": self.pick(["a", "ah", "ao", ""])}

    def range(self, mm):
        inside = [at for v in mm.vmas
                  for at in range(-(-v[0] // self.size) * self.size, v[1] - self.size + 1, self.size)]
        return inside and {"op": "range", "mm": mm.name, "at": hex(self.pick(inside)), "ptes": self.ptes()}

    def of_mm(self, machine, may_map=True):
        mm = self.pick(self.alive(machine))
        kind = self.rng.random()
        vma = self.pick(mm.vmas) if mm.vmas else None
        if kind < 0.25 and vma:
            return {"op": self.pick(["enter", "merge"]), "mm": mm.name, "vma": hex(vma[0])}
        if kind < 0.32:
            return {"op": "enter_raw", "mm": mm.name}
        if kind < 0.45:
            return {"op": "exit", "mm": mm.name}
        if kind < 0.5:
            return {"op": "users", "mm": mm.name, "add": 1}
        if kind < 0.55:
            return {"op": "fork", "parent": mm.name, "mm": next(self.names)}
        if kind < 0.75 or not may_map:
            return self.page(mm)
        return self.mapping(mm) if kind < 0.9 else self.range(mm)

    def during(self, machine):
        events, struck = [], set()
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            point, n = self.pick(POINTS), 1 + self.rng.randrange(3)
            do = self.store() if self.rng.random() < 0.3 else self.of_mm(machine, point in LOCK_FREE)
            # Only one event per operation changes what others may be about.
            if do and do["op"] not in struck:
                struck.add(do["op"])
                events.append({"point": point, "n": n, "do": do})
        return events

    def operation(self, machine):
        kind = self.rng.random()
        if not self.alive(machine):
            return {"op": "mm", "mm": next(self.names)}
        if kind < 0.35:
            return self.of_mm(machine)
        if kind < 0.45:
            return self.store()
        if kind < 0.5:
            return {"op": "start"}
        if kind < 0.52:
            return {"op": "script", **{k: self.script(0.7) for k in ("alloc", "charge")}}
        if kind < 0.85:
            op = {"op": "run", "cause": "timeout"} if machine.daemon != "none" else {"op": "pass"}
        elif kind < 0.93 and machine.queue:
            op = {"op": "visit", "budget": self.pick([1, self.nr, 4 * self.nr, 10**6])}
        else:
            op = self.scan(machine)
        events = self.during(machine)
        return {**op, "during": events} if op and events else op

    def scan(self, machine):
        mm = self.pick(self.alive(machine))
        vma = self.pick(mm.vmas) if mm.vmas else None
        first, last = machine.bounds(vma) if vma else (0, 0)
        return first < last and {"op": self.pick(["scan", "scan", "scan", "collapse"]), "mm": mm.name,
                                 "at": hex(self.rng.randrange(first, last, self.size))}


def draw(seed, nr, length):
    """One case, or None: its events fit no kernel (an exit of what is gone, a change of a mapping in use)."""
    drawer = Drawer(seed, nr)
    case = {"case": f"random-{seed}-nr{nr}", "variant": "v2010", "nr": nr, "setup": drawer.setup(), "ops": []}
    machine = Machine(case)
    while len(case["ops"]) < length:
        op = drawer.operation(machine)
        if not op:
            continue
        try:
            going = machine.run(op)
        except (KeyError, StopIteration, ValueError, AttributeError, IndexError, RuntimeError):
            return None
        if any(mm.users < 0 for mm in machine.mms.values()):
            return None
        case["ops"].append(op)
        if not going:
            break
    return case
