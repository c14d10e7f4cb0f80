# SPDX-License-Identifier: GPL-2.0-only
"""Writes events of a trace (JSON Lines on standard input) as lines of the amdgpu driver: smi_text.py KERNEL."""
import json
import sys

KERNEL = tuple(int(part) for part in sys.argv[1].split("."))
pids = {}


def pages(address):
    return f"{int(address, 16) >> 12:x}"


def span(event):
    return f"@{pages(event['start'])}({event['nr_pages']:x})"


def at_page(event):
    return f"@{pages(event['address'])}({event['gpu']:x})"


def error(event):
    return f" {event['error']}" if KERNEL >= (6, 18) else ""


def restore_flag(event):
    return " R" if event["rescheduled"] else "" if KERNEL < (6, 12) else " 0"


def cause(event):
    return "" if KERNEL < (6, 12) else " " + event["cause"]


# What follows the number of the event; those of TIMED have the time and the process first.
TIMED = {
    "svm.migrate_start": ("5", lambda e: f"{span(e)} {e['from']:x}->{e['to']:x} {e['prefetch']:x}:{e['preferred']:x} "
                                         f"{e['trigger']}"),
    "svm.migrate_end": ("6", lambda e: f"{span(e)} {e['from']:x}->{e['to']:x} {e['trigger']}{error(e)}"),
    "svm.fault_start": ("7", lambda e: f"{at_page(e)} {'RW'[e['is_write']]}"),
    "svm.fault_end": ("8", lambda e: f"{at_page(e)} {'UM'[e['migrated']]}"),
    "svm.evict": ("9", lambda e: f"{e['gpu']:x} {e['trigger']}"),
    "svm.restore": ("a", lambda e: f"{e['gpu']:x}{restore_flag(e)}"),
    "svm.unmap": ("b", lambda e: f"{span(e)} {e['gpu']:x} {e['trigger']}"),
}
OTHERS = {
    "svm.process": lambda e, pid: f"{'dc'[e['is_start']]} {pid:x} {e['name']}",
    "svm.vmfault": lambda e, pid: f"1 {pid:x}:{e['name']}",
    "svm.throttle": lambda e, pid: f"2 {int(e['mask'], 16):x}:{e['counter']:x}",
    "svm.reset": lambda e, pid: f"{'34'[e['is_done']]} {e['sequence']:x}{cause(e)}",
}


def line(event):
    kind, pid = event["kind"], pids.get(event["task"])
    if kind not in TIMED:
        return OTHERS[kind](event, pid)
    number, rest = TIMED[kind]
    return f"{number} {event['time']} -{pid} {rest(event)}"


for text in sys.stdin:
    row = json.loads(text)
    if row.get("kind") == "meta.task":
        pids[row["task"]] = row["pid"]
    elif row.get("kind", "").startswith("svm."):
        print(line(row))
