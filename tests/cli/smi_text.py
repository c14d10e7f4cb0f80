# SPDX-License-Identifier: GPL-2.0-only
"""Writes events of a trace (JSON Lines on standard input) as lines of the amdgpu driver: smi_text.py KERNEL."""
import json
import sys

KERNEL = tuple(int(part) for part in sys.argv[1].split("."))
pids = {}


def pages(address):
    return f"{int(address, 16) >> 12:x}"


def line(event):
    kind, time, pid = event["kind"], event["time"], pids.get(event["task"])
    head = f"{time} -{pid}"
    at = f"@{pages(event['start'])}({event['nr_pages']:x})" if "start" in event else ""
    if kind == "svm.migrate_start":
        return (f"5 {head} {at} {event['from']:x}->{event['to']:x} {event['prefetch']:x}:{event['preferred']:x} "
                f"{event['trigger']}")
    if kind == "svm.migrate_end":
        error = f" {event['error']}" if KERNEL >= (6, 18) else ""
        return f"6 {head} {at} {event['from']:x}->{event['to']:x} {event['trigger']}{error}"
    if kind == "svm.fault_start":
        return f"7 {head} @{pages(event['address'])}({event['gpu']:x}) {'RW'[event['is_write']]}"
    if kind == "svm.fault_end":
        return f"8 {head} @{pages(event['address'])}({event['gpu']:x}) {'UM'[event['migrated']]}"
    if kind == "svm.evict":
        return f"9 {head} {event['gpu']:x} {event['trigger']}"
    if kind == "svm.restore":
        flag = " R" if event["rescheduled"] else "" if KERNEL < (6, 12) else " 0"
        return f"a {head} {event['gpu']:x}{flag}"
    if kind == "svm.unmap":
        return f"b {head} {at} {event['gpu']:x} {event['trigger']}"
    if kind == "svm.process":
        return f"{'dc'[event['is_start']]} {pid:x} {event['name']}"
    if kind == "svm.vmfault":
        return f"1 {pid:x}:{event['name']}"
    if kind == "svm.throttle":
        return f"2 {int(event['mask'], 16):x}:{event['counter']:x}"
    cause = "" if KERNEL < (6, 12) else " " + event["cause"]
    return f"{'34'[event['is_done']]} {event['sequence']:x}{cause}"


for text in sys.stdin:
    row = json.loads(text)
    if row.get("kind") == "meta.task":
        pids[row["task"]] = row["pid"]
    elif row.get("kind", "").startswith("svm."):
        print(line(row))
