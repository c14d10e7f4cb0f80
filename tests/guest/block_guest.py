# SPDX-License-Identifier: GPL-2.0-only
"""
Requests about memory blocks in a guest, and the kernel's own self-test of memory hotplug: the model must give the
kernel's errno, state, zone, notifications and texts for all of them. HINDSIGHT_KEEP=DIRECTORY keeps what the guests
wrote.
"""
import os
import pathlib
import shutil
import tempfile

from events import HINDSIGHT, WORKLOADS, Trace
from guest import Guest
from kernels import source_file
from replayed import Replay

STEPS = pathlib.Path(__file__).resolve().parent / "block"
POOL = ["-object", "memory-backend-ram,id=pool,size=1G",
        "-device", "virtio-mem-pci,id=vmem,memdev=pool,requested-size=0"]
NODES = ["-object", "memory-backend-ram,id=m0,size=1G", "-numa", "node,nodeid=0,memdev=m0", "-numa", "node,nodeid=1"]
MEMORY = "1G,slots=12,maxmem=16G"
SELF_TEST = "tools/testing/selftests/memory-hotplug/mem-on-off-test.sh"
RUN = """#!/bin/sh
export SAID=/results/said
hindsight record -q -a -e hotplug --rung fentry -o /results/trace.hst -- /steps || echo "record: $?"
[ -f /self_test ] && hindsight record -q -a -e hotplug --rung fentry -o /results/self_test.hst -- \\
	bash /self_test -r 40 >/results/self_test.out 2>&1
true
"""
# The self-test loads its module by modprobe, with a priority.
MODPROBE = """#!/bin/sh
case "$*" in
*-r*) rmmod memory-notifier-error-inject;;
*) insmod /modules/memory-notifier-error-inject.ko* "${@##*inject}";;
esac 2>/dev/null
"""
# An outcome that only the errno tells (a page in use, a signal) is an input, and no more than assumed; a setting that
# is polled, and a file that is read while a block changes, are bounded.
WEAK = {"block.offline", "block.notify", "block.poison", "block.show", "block.valid_zones"}


def guest_of(kernel, scenario):
    flavour = "full" if (kernel, scenario) == ("6.1", "one_node") else "cloud"
    # What the kernel frees is overwritten at once: whoever reads it afterwards is found out.
    cmdline = "slub_debug=P,kmalloc-64,kmalloc-rnd-*"
    if scenario == "two_nodes":
        cmdline += " memory_hotplug.memmap_on_memory=1"
    if (kernel, scenario) == ("6.12", "two_nodes"):
        cmdline += " movable_node"
    guest = Guest(kernel, flavour, modules=["virtio_mem", "memory-notifier-error-inject"], memory=MEMORY,
                  cmdline=cmdline, options=NODES if scenario == "two_nodes" else POOL)
    for program in (HINDSIGHT, WORKLOADS / "sysfs_write", WORKLOADS / "pin_pages"):
        guest.add(program, "/bin/" + program.name)
    guest.add_text("/common", (STEPS / "common").read_text())
    guest.add_text("/steps", "#!/bin/sh\n. /common\n" + (STEPS / scenario).read_text())
    guest.add_text("/run", RUN)
    return guest


def add_self_test(guest, kernel):
    guest.add_text("/self_test", source_file(kernel, SELF_TEST))
    guest.add("/usr/bin/bash", "/usr/bin/bash")
    guest.add_text("/sbin/modprobe", MODPROBE)


def check_replay(case, path, title, least):
    replay = Replay("block", path)
    replay.show(title)
    case.equal(replay.problems, "", "contradictions")
    case.equal(replay.disagreements(), [], "disagreements")
    weak = {row["point"] for row in replay.agreement if row["basis"] != "exact" and row["agree"]}
    unknown = sum(row["unknown"] for row in replay.agreement)
    case.equal((weak - WEAK, unknown), (set(), 0), "points that are not exact")
    for point, number in least.items():
        case.expect(replay.count("block." + point, "exact") >= number, f"fewer than {number} of block.{point}")


def check_requests(case, trace, said):
    """Every write that the scripts made is in the record, with the result that the system call had."""
    wanted = [(line[1], int(line[2])) for line in said if line[0] == "put"]
    got = [(event["file"], min(event["ret"], 0)) for event in trace.select("hotplug.request")]
    # One more: the request that a signal ended, whose writer cannot say so.
    got = [entry for entry in got if entry[1] != -4]
    case.equal(got, wanted, "requests")
    case.equal(trace.info["lost_events"], 0, "lost events")


def check_shown(case, trace, said):
    """What the scripts read is what the record says that the kernel answered, in the same order."""
    wanted = [(line[1], line[2], line[3], " ".join(line[4:])) for line in said if line[0] == "show"]
    reads = {name: [(event["file"].split("/")[0][len("memory"):], event["text"].strip())
                    for event in trace.select("hotplug.read", file=lambda path, name=name: path.endswith("/" + name))]
             for name in ("state", "removable", "valid_zones")}
    got = [(block, state, removable, zones) for (block, state), (_, removable), (_, zones)
           in zip(reads["state"], reads["removable"], reads["valid_zones"])]
    case.equal(got, wanted, "texts")


LEAST = {
    "one_node": {"request": 70, "online": 20, "offline": 20, "zone": 20, "notify": 60, "valid_zones": 80, "show": 200,
                 "add": 10, "remove": 5, "group": 5, "poison": 4},
    "two_nodes": {"request": 24, "online": 10, "offline": 9, "zone": 10, "notify": 30, "valid_zones": 30, "show": 90,
                  "add": 6, "remove": 3, "group": 6},
}


def run(cases, kernel, scenario):
    result = None
    with tempfile.TemporaryDirectory() as out:
        with cases.case(f"{kernel} {scenario}: the guest runs to its end") as case:
            guest = guest_of(kernel, scenario)
            if scenario == "two_nodes":
                with cases.case(f"{kernel}: the kernel's self-test is there"):
                    add_self_test(guest, kernel)
            result = guest.boot(out, seconds=420)
            case.equal((result.status, "record:" in result.output), (0, False), result.output + result.console)
        if not result or result.status:
            return
        files = pathlib.Path(result.files)
        if "HINDSIGHT_KEEP" in os.environ:
            kept = pathlib.Path(os.environ["HINDSIGHT_KEEP"]) / f"{kernel}-{scenario}"
            shutil.copytree(files, kept, dirs_exist_ok=True)
        said = [line.split() for line in (files / "said").read_text().splitlines()]
        trace = Trace(files / "trace.hst")
        with cases.case(f"{kernel} {scenario}: all requests are in the record") as case:
            case.equal([line for line in said if line[0] == "stuck"], [], "steps that did not come to their end")
            check_requests(case, trace, said)
        with cases.case(f"{kernel} {scenario}: what files showed is in the record") as case:
            check_shown(case, trace, said)
        with cases.case(f"{kernel} {scenario}: the model decides alike") as case:
            check_replay(case, files / "trace.hst", f"{scenario} {kernel}", LEAST[scenario])
        if (files / "self_test.hst").exists():
            with cases.case(f"{kernel}: the kernel's self-test passes, and the model decides alike") as case:
                check_replay(case, files / "self_test.hst", f"self-test {kernel}",
                             {"request": 6, "online": 2, "offline": 2})
