# SPDX-License-Identifier: GPL-2.0-only
"""A second, slow implementation of the first khugepaged, entry by entry, that shares nothing with replay/.

It runs the operations of a golden case (tests/golden/cases/collapse-v2010/README.md) and fills in what comes
out. The daemon is a generator: where the kernel's thread sleeps, it yields.
"""
PAGE = 4096
SLEEPS = {"scan": "scan_sleep_millisecs", "alloc": "alloc_sleep_millisecs"}
NUMBERS = {"pages_to_scan": (1, 2**32 - 1), "scan_sleep_millisecs": (0, 2**32 - 1),
           "alloc_sleep_millisecs": (0, 2**32 - 1), "max_ptes_none": (0, None)}


MOST_PASSES = 60    # of one run: a daemon that never sleeps is no case


class Ended(Exception):
    """An assertion of the kernel, or a fault: the machine stops."""


class Mm:
    def __init__(self, name):
        self.name, self.users, self.reg, self.has_memory = name, 1, False, True
        self.vmas, self.ranges, self.rss = [], {}, 0

    def vma_at_or_above(self, address):
        return min((v for v in self.vmas if v[1] > address), key=lambda v: v[0], default=None)


def expand(text):
    return [run[0] for run in text.split() for _ in range(int(run[1:]))]


class Machine:
    def __init__(self, case):
        setup = case.get("setup", {})
        self.nr = case["nr"]
        self.size = self.nr * PAGE
        self.tun = {"enabled": "always", "defrag": 1, "max_ptes_none": self.nr - 1, "pages_to_scan": 8 * self.nr,
                    "scan_sleep_millisecs": 10000, "alloc_sleep_millisecs": 60000, **setup.get("tunables", {})}
        self.scripts = {k: list(setup.get(k, "")) for k in ("alloc", "slot_alloc", "charge", "thread_create")}
        self.has_cache = setup.get("slot_cache", 1)
        self.mms = {name: Mm(name) for name in setup.get("mms", {})}
        for name, text in setup.get("mms", {}).items():
            self.mms[name].vmas = [[int(a, 16), int(b, 16), f] for a, b, f in text.get("vmas", [])]
            self.mms[name].ranges = {int(a, 16): self.table(p) for a, p in text.get("ranges", {}).items()}
        self.queue, self.slot, self.addr = [], None, 0
        self.full = self.collapsed = 0
        self.page = self.page_in_use = False    # the caller's, and the one in the daemon's hand
        self.daemon, self.thread, self.passes_left = "none", None, None
        self.locked = None
        self.log, self.during, self.hits = [], [], {}

    # --- small things
    def table(self, text):
        return text if text in ("none", "nopud", "nopgd", "huge") else expand(text)

    def ask(self, what):
        return not self.scripts[what] or self.scripts[what].pop(0) == "1"

    def tell(self, what, /, **fields):
        self.log.append({"d": what, **fields})

    def strike(self, point):
        self.hits[point] = self.hits.get(point, 0) + 1
        for event in self.during:
            if (event["point"], event["n"]) == (point, self.hits[point]):
                self.tell("event", point=point, n=event["n"])
                self.perform(event["do"])

    def is_on(self):
        return self.tun["enabled"] != "never"

    def bounds(self, vma):
        return -(-vma[0] // self.size) * self.size, vma[1] // self.size * self.size

    def unlock(self):
        mm, self.locked = self.locked, None
        if mm and not mm.users and mm.has_memory:
            self.tear_down(mm)

    def tear_down(self, mm):
        mm.has_memory, mm.vmas, mm.ranges, mm.rss = False, [], {}, 0
        if mm.name not in self.queue:
            mm.reg = False

    def free_slot(self, mm):
        self.queue.remove(mm.name)

    # --- registration
    def enter_raw(self, mm):
        if not self.has_cache or not self.ask("slot_alloc"):
            return "no_memory"
        if mm.reg:
            return "already"
        mm.reg = True
        self.queue.append(mm.name)
        if len(self.queue) == 1:
            self.tell("wake", how="queue", waiting=int(self.daemon == "waiting"))
        return "registered"

    def enter(self, mm, vma):
        if mm.reg:
            return "already"
        mode_allows = self.tun["enabled"] == "always" or (self.tun["enabled"] == "madvise" and "h" in vma[2])
        return self.enter_raw(mm) if mode_allows else "mode"

    def merge(self, mm, vma):
        first, last = self.bounds(vma)
        if "a" not in vma[2]:
            return "no_anon_vma"
        if "o" in vma[2] or "f" in vma[2]:
            return "kind"
        return self.enter(mm, vma) if first < last else "no_range"

    # --- one range
    def judge(self, letter, isolates):
        """Why this entry refuses, None: it does not. Not asked of empty entries."""
        kind = letter.lower()
        if kind == "s":
            return "PTE_NON_PRESENT"
        if kind in "rz":
            return "PAGE_RO"
        if kind == "p":
            return "PAGE_NULL"
        if kind == "k":
            self.halt("compound_page")
        if isolates:
            if kind in "fyq":
                self.halt("page_not_anon")
            if kind == "b":
                self.halt("page_not_swap_backed")
            return {"c": "PAGE_COUNT", "t": "PAGE_COUNT", "g": "PAGE_COUNT", "l": "PAGE_LOCK", "x": "PAGE_LOCK",
                    "u": "DEL_PAGE_LRU"}.get(kind)
        if kind in "uxg":
            return "PAGE_LRU"
        if kind in "lyt":
            return "PAGE_LOCK"
        if kind in "fq":
            return "PAGE_ANON"
        return "PAGE_COUNT" if kind == "c" else None

    def walk(self, entries, isolates):
        """reason or None, deciding entry, empty entries."""
        none, young = 0, False
        for i, letter in enumerate(entries):
            if letter in "nN":
                none += 1
                why = "EXCEED_NONE_PTE" if none > self.tun["max_ptes_none"] else None
            else:
                why = self.judge(letter, isolates)
                young = young or letter.islower()
            if why:
                return why, i, none
        return None if young else "LACK_REFERENCED_PAGE", len(entries), none

    def halt(self, why):
        self.tell("assert", r=why)
        raise Ended

    def pmd_reason(self, mm, at):
        table = mm.ranges.get(at, "none")
        if isinstance(table, str):
            return {"none": "PMD_NONE", "huge": "PMD_MAPPED"}.get(table, "PMD_NULL")
        return None

    def scan(self, mm, at):
        """True: a collapse was tried and the lock is gone."""
        why = self.pmd_reason(mm, at)
        if why:
            self.tell("scan", at=hex(at), r=why)
            return False
        why, i, none = self.walk(mm.ranges[at], False)
        self.tell("scan", at=hex(at), r=why or "attempt", i=i, none=none)
        if not why:
            self.collapse(mm, at)
        return not why

    def collapse(self, mm, at):
        self.unlock()
        self.strike("unlocked")
        self.locked = mm
        outcome = self.try_collapse(mm, at)
        self.tell("collapse", at=hex(at), **outcome)
        if outcome["r"] == "would_fault":
            raise Ended
        self.unlock()

    def try_collapse(self, mm, at):
        if not mm.users:
            return {"r": "ANY_PROCESS", "step": "exit"}
        vma = mm.vma_at_or_above(at)
        if not vma:
            return {"r": "would_fault", "step": "vma"}
        first, last = self.bounds(vma)
        if at < first or at + self.size > last:
            return {"r": "ADDRESS_RANGE", "step": "range"}
        if not self.is_wanted(vma):
            return {"r": "VMA_CHECK", "step": "mode"}
        if "a" not in vma[2] or "o" in vma[2] or "f" in vma[2]:
            return {"r": "VMA_CHECK", "step": "kind"}
        why = self.pmd_reason(mm, at)
        if why:
            return {"r": why, "step": "pmd"}
        if not self.ask("charge"):
            return {"r": "CGROUP_CHARGE_FAIL", "step": "charge"}
        self.strike("detached")
        why, i, none = self.walk(mm.ranges[at], True)
        if why:
            return {"r": why, "step": "isolate", "i": i, "none": none}
        mm.ranges[at] = "huge"
        mm.rss += none
        self.collapsed += 1
        self.page_in_use = False
        return {"r": "SUCCEED", "copied": self.nr - none, "zeroed": none}

    def is_wanted(self, vma):
        return "h" in vma[2] or self.tun["enabled"] == "always"

    # --- the daemon
    def visit(self, budget):
        if self.slot is None:
            self.slot, self.addr = self.queue[0], 0
        mm = self.mms[self.slot]
        self.tell("visit", mm=mm.name, at=hex(self.addr), budget=budget)
        self.strike("lock")
        self.locked = mm
        progress, vma, dropped = self.walk_vmas(mm, budget)
        if not dropped:
            self.unlock()
        self.strike("end")
        self.leave(mm, vma, dropped)
        self.tell("progress", n=progress)
        return progress

    def walk_vmas(self, mm, budget):
        progress = 1
        vma = mm.vma_at_or_above(self.addr) if mm.users else None
        while vma:
            self.strike("vma")
            why = self.skip_reason(mm, vma)
            if why:
                progress += 1
                self.tell("vma", at=hex(vma[0]), r=why)
                if why == "exit":
                    break
            else:
                self.addr = max(self.addr, self.bounds(vma)[0])
                cost, ends, dropped = self.scan_vma(mm, vma, budget - progress)
                progress += cost
                if ends:
                    return progress, vma, dropped
            vma = mm.vma_at_or_above(vma[1])
        return progress, vma, False

    def skip_reason(self, mm, vma):
        first, last = self.bounds(vma)
        if not mm.users:
            return "exit"
        if not self.is_wanted(vma):
            return "mode"
        if "a" not in vma[2] or "o" in vma[2] or "f" in vma[2]:
            self.addr = vma[1]
            return "kind"
        if first >= last:
            return "no_range"
        if self.addr > last:
            self.addr = last + self.size
            return "past_end"
        return None

    def scan_vma(self, mm, vma, budget):
        """pages, whether the visit ends, whether the lock is gone."""
        cost, last = 0, self.bounds(vma)[1]
        if self.addr % self.size:
            self.halt("unaligned_cursor")
        while self.addr < last:
            self.strike("range")
            if not mm.users:
                return cost, True, False
            dropped = self.scan(mm, self.addr)
            self.addr += self.size
            cost += self.nr
            if dropped or cost >= budget:
                return cost, True, dropped
        return cost, False, False

    def leave(self, mm, vma, dropped):
        if mm.users and vma:
            self.tell("stay", mm=mm.name, r="lock_dropped" if dropped else "budget", at=hex(self.addr))
            return
        place = self.queue.index(mm.name) + 1
        self.slot, self.addr = (self.queue[place], 0) if place < len(self.queue) else (None, 0)
        self.full += self.slot is None
        self.tell("leave", mm=mm.name, r="done" if mm.users else "exiting", next=self.slot,
                  freed=int(not mm.users), full=self.full)
        if not mm.users:
            self.free_slot(mm)

    def take_page(self, wait):
        self.strike("alloc")
        ok = self.ask("alloc")
        self.tell("alloc", r="ok" if ok else "fail", wait=wait)
        return ok

    def one_pass(self):
        """With the page in self.page_in_use."""
        left, head, why = self.tun["pages_to_scan"], 0, None
        while not why:
            self.strike("step")
            if not self.page_in_use:
                self.page_in_use = self.take_page(self.tun["defrag"])
                if not self.page_in_use:
                    why = "alloc_failed"
                    break
            head += self.slot is None
            if not self.queue or not self.is_on():
                why = "no_work"
            elif head >= 2:
                why = "second_wrap"
            else:
                left -= self.visit(left)
                why = "budget" if left <= 0 else None
        self.tell("pass_end", r=why, head=head)

    def first_page(self):
        """The request that begins a pass. Its flags are made before the allocator is called, which may pause."""
        wait = self.tun["defrag"]
        if self.passes_left == 0:
            self.tell("pause")
            yield "paused"
        else:
            self.passes_left -= 1
        return self.take_page(wait)

    def life(self):
        """The thread; yields its state wherever it stops."""
        while self.is_on():
            while not (yield from self.first_page()):
                yield from self.sleep("alloc")
                if not self.is_on():
                    break
            else:
                self.page_in_use = True
                self.one_pass()
                if self.page_in_use:
                    self.tell("free_page")
                self.page_in_use = False
                if self.queue and self.is_on():
                    if self.tun[SLEEPS["scan"]]:
                        yield from self.sleep("scan")
                else:
                    while self.is_on() and not self.queue:
                        self.tell("wait")
                        yield "waiting"
        if self.slot:
            mm, self.slot = self.mms[self.slot], None
            self.tell("leave", mm=mm.name, r="stopped" if mm.users else "exiting", next=None,
                      freed=int(not mm.users), full=self.full)
            if not mm.users:
                self.free_slot(mm)
        self.thread = None
        self.tell("thread", r="stop")
        yield "none"

    def sleep(self, kind):
        self.tell("sleep", kind=kind, ms=self.tun[SLEEPS[kind]])
        yield "asleep"

    def start(self):
        if not self.is_on():
            self.tell("wake", how="queue", waiting=int(self.daemon == "waiting"))
            return 0
        if not self.has_cache:
            return -12
        result = 0
        if self.daemon == "none":
            if self.ask("thread_create"):
                self.daemon, self.thread = "created", self.life()
                self.tell("thread", r="start")
            else:
                self.tell("thread", r="fail")
                self.tun["enabled"] = "never"
                result = -12
        if self.queue:
            self.tell("wake", how="queue", waiting=int(self.daemon == "waiting"))
        return result

    # --- operations
    def perform(self, op):
        mm, parent = self.mms.get(op.get("mm", "")), self.mms.get(op.get("parent", ""))
        if any(one and one.users <= 0 for one in (mm, parent)):
            raise ValueError("what has exited does nothing")
        return getattr(self, "do_" + op["op"])(op, mm)

    def vma(self, op, mm):
        return next(v for v in mm.vmas if v[0] == int(op["vma"], 16))

    def entered(self, mm, why):
        self.tell("enter", mm=mm.name, r=why)
        return -12 if why == "no_memory" else 0

    def do_enter(self, op, mm):
        return self.entered(mm, self.enter(mm, self.vma(op, mm)))

    def do_enter_raw(self, op, mm):
        return self.entered(mm, self.enter_raw(mm))

    def do_merge(self, op, mm):
        return self.entered(mm, self.merge(mm, self.vma(op, mm)))

    def do_fork(self, op, _):
        child = self.mms[op["mm"]] = Mm(op["mm"])
        why = self.enter_raw(child) if self.mms[op["parent"]].reg else "parent_unregistered"
        self.tell("fork", mm=child.name, r=why)
        if why == "no_memory":
            child.users = 0
            self.tear_down(child)
            return -12
        return 0

    def do_exit(self, op, mm):
        mm.users -= 1
        waits = False
        if mm.users:
            why = "users_left"
        elif mm.name not in self.queue:
            why = "unregistered"
        elif self.slot == mm.name:
            why, waits = "left_to_daemon", self.locked is mm
        else:
            why, mm.reg = "unlinked", False
            self.free_slot(mm)
        if not mm.users and self.locked is not mm:
            self.tear_down(mm)
        self.tell("exit", mm=mm.name, r=why, waits=int(waits))

    def do_store(self, op, _):
        result = self.store(op["file"], op["text"])
        self.tell("store", r={0: "ok", -12: "ENOMEM"}.get(result, "EINVAL"))
        return result or len(op["text"])

    def store(self, file, text):
        word = text[:-1] if text.endswith("\n") else text
        if file == "enabled":
            if word not in ("always", "madvise", "never"):
                return -22
            self.tun["enabled"] = word
            return self.start()
        if not word or any(c not in "0123456789" for c in word):
            return -22
        if file == "defrag":
            low, high = 0, 1
        else:
            low, high = NUMBERS[file]
        if not low <= int(word) <= (self.nr - 1 if high is None else high):
            return -22
        self.tun[file] = int(word)
        if "sleep" in file and self.daemon != "none":
            asleep = self.daemon in ("asleep", "woken")
            self.tell("wake", how="task", ends_sleep=int(asleep))
            self.daemon = "woken" if asleep else self.daemon
        return 0

    def lend(self, run):
        self.page_in_use = True
        result = run()
        self.page, self.page_in_use = self.page_in_use, False
        return result

    def do_scan(self, op, mm):
        self.locked = mm
        result = self.lend(lambda: self.scan(mm, int(op["at"], 16)))
        self.unlock()
        return int(result)

    def do_collapse(self, op, mm):
        self.lend(lambda: self.collapse(mm, int(op["at"], 16)))
        return int(not self.page)

    def do_visit(self, op, _):
        return self.lend(lambda: self.visit(op["budget"]))

    def do_pass(self, _op, _mm):
        self.page_in_use = self.page
        self.one_pass()
        self.page, self.page_in_use = self.page_in_use, False

    def do_start(self, _op, _mm):
        return self.start()

    def do_run(self, op, _mm):
        self.passes_left = op.get("passes", MOST_PASSES)
        if self.daemon != "none":
            self.daemon = "running"
            self.daemon = next(self.thread)
        if self.daemon == "paused" and "passes" not in op:
            raise ValueError("a daemon that never sleeps")

    def do_cursor(self, op, mm):
        if mm and mm.name not in self.queue:
            raise ValueError("the cursor stands at a slot")
        self.slot, self.addr = mm and mm.name, int(op.get("at", "0"), 16)

    def do_mm(self, op, _):
        self.mms[op["mm"]] = Mm(op["mm"])

    def do_map(self, op, mm):
        mm.vmas.append([int(op["start"], 16), int(op["end"], 16), op["flags"]])

    def do_unmap(self, op, mm):
        vma = next(v for v in mm.vmas if v[0] == int(op["start"], 16))
        mm.vmas.remove(vma)
        for at in mm.ranges:
            if vma[0] <= at and at + self.size <= vma[1]:
                mm.ranges[at] = "none"

    def do_resize(self, op, mm):
        self.vma(op, mm)[:2] = int(op["start"], 16), int(op["end"], 16)

    def do_flags(self, op, mm):
        self.vma(op, mm)[2] = op["flags"]

    def do_range(self, op, mm):
        mm.ranges[int(op["at"], 16)] = self.table(op["ptes"])

    def do_page(self, op, mm):
        table = mm.ranges[int(op["at"], 16)]
        if not isinstance(table, str):
            table[op["i"]] = op["to"]

    def do_users(self, op, mm):
        mm.users += op["add"]

    def do_script(self, op, _):
        for name in self.scripts:
            if name in op:
                self.scripts[name] = list(op[name])

    # --- what a case shows
    def shown_mm(self, mm):
        refs = mm.has_memory + (mm.name in self.queue)
        if not refs:
            return "freed"
        return {"users": mm.users, "refs": refs, "reg": int(mm.reg), "rss_added": mm.rss,
                "tables": sum(not isinstance(t, str) for t in mm.ranges.values()),
                "huge": [hex(a) for a in sorted(mm.ranges) if mm.ranges[a] == "huge"]}

    def shown(self):
        return {"list": list(self.queue), "slot": self.slot, "addr": hex(self.addr) if self.slot else None,
                "full_scans": self.full, "collapsed": self.collapsed, "page": int(self.page),
                "daemon": self.daemon, "tun": dict(self.tun),
                "mm": {name: self.shown_mm(mm) for name, mm in self.mms.items()}}

    def run(self, op):
        """Fills in ret, log and state. False: the case ends here."""
        before, going = self.shown(), True
        self.log, self.during, self.hits = [], op.get("during", []), {}
        try:
            result = self.perform(op)
        except Ended:
            result, going = None, False
        if result is not None:
            op["ret"] = result
        if self.log:
            op["log"] = self.log
        changes = changed(before, self.shown())
        if going and changes:
            op["state"] = changes
        return going


def changed(before, after):
    """What differs, one level deeper for settings and address spaces."""
    changes = {k: v for k, v in after.items() if before.get(k) != v}
    for key in ("tun", "mm"):
        if key in changes:
            changes[key] = {k: v for k, v in after[key].items() if before[key].get(k) != v}
    return changes
