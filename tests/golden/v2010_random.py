# SPDX-License-Identifier: GPL-2.0-only
"""Draws golden cases of the first khugepaged; the referee fills in what comes out."""
import random

from v2010_referee import PAGE, Machine

LETTERS = "wwwwwwwwWWWWnnnnnnrRzZpPfFlLuUcCxXyYtTgGqQs"
LOCK_FREE = ("lock", "unlocked", "step", "end", "alloc")     # points at which mappings may change
POINTS = LOCK_FREE + ("vma", "range", "detached")
FLAGS = ("a", "a", "a", "ah", "ah", "", "h", "ao", "of", "af", "aho", "ahf", "aof")
SCRIPTS = ("alloc", "slot_alloc", "charge", "thread_create")
TEXTS = {"max_ptes_none": ["0\n", "1\n", "{last}\n", "{nr}\n", "3", "007\n", "-1\n", "x\n", "", "5\n\n"],
         "pages_to_scan": ["1\n", "{nr}\n", "64\n", "0\n", "4294967295\n", "4294967296\n", "17"],
         "scan_sleep_millisecs": ["0\n", "1\n", "10000\n", "4294967295\n", "4294967296\n", "12 \n"],
         "alloc_sleep_millisecs": ["0\n", "1\n", "60000\n", "4294967295", "+\n"],
         "enabled": ["always\n", "always\n", "always\n", "madvise\n", "madvise\n", "never\n", "sometimes\n"],
         "defrag": ["0\n", "1\n"]}


class Drawer:
    def __init__(self, seed, nr):
        self.rng = random.Random(seed)
        self.nr, self.size = nr, nr * PAGE
        self.names = iter(f"M{i}" for i in range(10**6))

    def pick(self, items):
        return self.rng.choice(list(items))

    def chance(self, share):
        return self.rng.random() < share

    def ptes(self):
        if self.chance(0.15):
            return self.pick(["none", "nopud", "nopgd", "huge"])
        runs, left, plain = [], self.nr, 1 if self.chance(0.4) else 0.7
        while left:
            count = min(left, self.rng.choice([1, 1, 2, self.nr // 2, self.nr]))
            letter = self.pick("wwwWn") if self.chance(plain) else self.pick(LETTERS)
            if self.chance(0.002):
                letter = self.pick("kKbB")
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
            found.append([hex(start), hex(at), self.pick(FLAGS)])
        return found

    def ranges(self, vmas):
        return {hex(at): self.ptes() for start, end, _ in vmas
                for at in range(-(-int(start, 16) // self.size) * self.size, int(end, 16) - self.size + 1, self.size)
                if self.chance(0.9)}

    def script(self, share):
        return "".join("1" if self.chance(share) else "0" for _ in range(self.rng.randrange(12)))

    def scripts(self, share):
        return {name: self.script(0.75) for name in SCRIPTS if self.chance(share)}

    def tunables(self):
        values = {"pages_to_scan": [1, self.nr, 3 * self.nr, 8 * self.nr, 2**32 - 1],
                  "max_ptes_none": [0, 1, self.nr // 2], "enabled": ["madvise", "madvise", "never", "always"],
                  "scan_sleep_millisecs": [0, 1, 2**32 - 1], "alloc_sleep_millisecs": [0, 2**32 - 1],
                  "defrag": [0, 1]}
        return {name: self.pick(some) for name, some in values.items() if self.chance(0.3)}

    def mm(self):
        vmas = self.vmas()
        # Every field of an address space may be left out.
        return {name: value for name, value in (("vmas", vmas), ("ranges", self.ranges(vmas)))
                if self.chance(0.97)}

    def setup(self):
        setup = {"tunables": self.tunables(), **self.scripts(0.3),
                 "mms": {next(self.names): self.mm() for _ in range(1 + self.rng.randrange(4))}}
        if self.chance(0.04):
            setup["slot_cache"] = self.pick([0, 1])
        return {name: value for name, value in setup.items() if value or name == "slot_cache"}

    # --- operations that make sense in the machine's present state; None: there is none of this kind
    def alive(self, machine):
        return [m for m in machine.mms.values() if m.users > 0 and m.has_memory]

    def store(self):
        file = self.pick(TEXTS)
        return {"op": "store", "file": file,
                "text": self.pick(TEXTS[file]).format(nr=self.nr, last=self.nr - 1)}

    def page(self, mm, place=None):
        tables = [at for at, table in mm.ranges.items() if not isinstance(table, str) and place in (None, at)]
        return tables and {"op": "page", "mm": mm.name, "at": hex(self.pick(tables)),
                           "i": self.rng.randrange(self.nr), "to": self.pick(LETTERS)}

    def resize(self, mm, vma):
        """One end moves by a page, into the hole beside it or away from it."""
        start, end = vma[:2]
        below = max((v[1] for v in mm.vmas if v[1] <= start), default=0)
        above = min((v[0] for v in mm.vmas if v[0] >= end), default=end + PAGE)
        moves = [(start - PAGE, end)] * (start > below) + [(start, end + PAGE)] * (above > end)
        moves += [(start + PAGE, end), (start, end - PAGE)] * (end - start > PAGE)
        if not moves:
            return None
        start, end = self.pick(moves)
        return {"op": "resize", "mm": mm.name, "vma": hex(vma[0]), "start": hex(start), "end": hex(end)}

    def mapping(self, mm):
        """A change of the mappings."""
        vma = self.pick(mm.vmas) if mm.vmas else None
        kind = self.rng.randrange(4)
        if not vma or kind == 0:
            start = max([v[1] for v in mm.vmas], default=0)
            start = -(-start // self.size) * self.size
            return {"op": "map", "mm": mm.name, "start": hex(start), "end": hex(start + 2 * self.size),
                    "flags": self.pick(FLAGS)}
        if kind == 1:
            return {"op": "unmap", "mm": mm.name, "start": hex(vma[0])}
        if kind == 2:
            return self.resize(mm, vma)
        return {"op": "flags", "mm": mm.name, "vma": hex(vma[0]), "flags": self.pick(FLAGS)}

    def first_fault(self, mm):
        """What changes a mapping under the read lock: it gets its anon_vma."""
        fresh = [v for v in mm.vmas if "a" not in v[2]]
        vma = self.pick(fresh) if fresh else None
        return vma and {"op": "flags", "mm": mm.name, "vma": hex(vma[0]), "flags": "a" + vma[2]}

    def range(self, mm):
        inside = [at for v in mm.vmas
                  for at in range(-(-v[0] // self.size) * self.size, v[1] - self.size + 1, self.size)]
        return inside and {"op": "range", "mm": mm.name, "at": hex(self.pick(inside)), "ptes": self.ptes()}

    def of_mm(self, mm, may_map=True, may_fault=True):
        kind = self.rng.random()
        vma = self.pick(mm.vmas) if mm.vmas else None
        if kind < 0.25 and vma:
            return {"op": self.pick(["enter", "merge"]), "mm": mm.name, "vma": hex(vma[0])}
        if kind < 0.32:
            return {"op": "enter_raw", "mm": mm.name}
        if kind < 0.45:
            return {"op": "exit", "mm": mm.name}
        if kind < 0.5:
            return {"op": "users", "mm": mm.name, "add": self.pick([1, 1, 2])}
        if kind < 0.55:
            return {"op": "fork", "parent": mm.name, "mm": next(self.names)}
        if kind < 0.65 and may_fault:
            return self.first_fault(mm) if kind < 0.6 else self.range(mm)
        if kind < 0.75 or not may_map:
            return self.page(mm)
        return self.mapping(mm) if kind < 0.9 else self.range(mm)

    def of_machine(self):
        """What is about no address space that exists."""
        kind = self.rng.random()
        if kind < 0.7:
            return self.store()
        if kind < 0.8:
            return {"op": "start"}
        fresh = self.scripts(0.4)
        return fresh and {"op": "script", **fresh} if kind < 0.95 else {"op": "mm", "mm": next(self.names)}

    def during(self, machine, subject):
        """Events; subject: whose locks the operation holds, None: anybody's."""
        events, struck = [], set()
        for _ in range(self.rng.choice([0, 0, 0, 1, 2, 3])):
            point, n = self.pick(POINTS), 1 + self.rng.randrange(3)
            if events and self.chance(0.2):
                point, n = events[-1]["point"], events[-1]["n"]
            mm = self.pick(self.alive(machine))
            may_map = point in LOCK_FREE or subject not in (None, mm.name)
            do = self.of_machine() if self.chance(0.35) else self.of_mm(mm, may_map, point != "detached")
            # Only one event of a kind: it may change what others are about.
            if do and (do["op"] not in struck or do["op"] in ("store", "script", "enter_raw")):
                struck.add(do["op"])
                events.append({"point": point, "n": n, "do": do})
        return events

    def cursor(self, machine):
        mm = machine.mms[self.pick(machine.queue)]
        if not mm.users or self.chance(0.2):
            return {"op": "cursor"}
        at = self.rng.randrange(0, 30 * self.size, self.size if self.chance(0.7) else PAGE)
        return {"op": "cursor", "mm": mm.name, "at": hex(at)}

    def run(self, machine):
        op = {"op": "run", "cause": "wake" if machine.daemon == "woken" else "timeout"}
        never_sleeps = machine.tun["scan_sleep_millisecs"] == 0
        return {**op, "passes": 1 + self.rng.randrange(3)} if self.chance(0.9 if never_sleeps else 0.1) else op

    def busy(self, machine):
        """An operation during which something may strike, and the address space that it holds."""
        kind = self.rng.random()
        if kind < 0.7:
            return self.run(machine) if machine.daemon != "none" and self.chance(0.95) else {"op": "pass"}, None
        if kind < 0.84 and machine.queue:
            return {"op": "visit", "budget": self.pick([1, self.nr, self.nr + 1, 4 * self.nr, 10**6])}, \
                machine.slot or machine.queue[0]
        op = self.scan(machine)
        return op, op and op["mm"]

    def operation(self, machine):
        kind = self.rng.random()
        if not self.alive(machine):
            return {"op": "mm", "mm": next(self.names)}
        if kind < 0.35:
            return self.of_mm(self.pick(self.alive(machine)))
        if kind < 0.49:
            return self.of_machine()
        if kind < 0.51:
            return machine.queue and self.cursor(machine)
        op, subject = self.busy(machine)
        events = op and self.during(machine, subject)
        if op and op["op"] in ("scan", "collapse") and self.chance(0.6):
            do = self.page(machine.mms[subject], int(op["at"], 16))
            events += [{"point": self.pick(["unlocked", "detached"]), "n": 1, "do": do}] if do else []
        return {**op, "during": events} if events else op

    def scan(self, machine):
        """Of a range in a mapping, or of one that has a page table without."""
        mm = self.pick(self.alive(machine))
        vma = self.pick(mm.vmas) if mm.vmas else None
        first, last = machine.bounds(vma) if vma else (0, 0)
        places = range(first, last, self.size) if self.chance(0.9) else [*mm.ranges, 30 * self.size]
        return places and {"op": self.pick(["scan", "scan", "collapse"]), "mm": mm.name,
                           "at": hex(self.pick(places))}


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
