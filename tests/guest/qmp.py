# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's machine protocol, as far as the guest tests drive a machine from outside."""
import json
import select
import socket
import time

# ACPI _OST status codes of a refused ejection; 0x84 means "in progress".
REFUSED = (1, 0x80, 0x81, 0x82, 0x83)
SECONDS = 20


class QmpError(RuntimeError):
    pass


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.unread = b""
        self.events = []
        self._message(SECONDS)  # greeting
        self.call("qmp_capabilities")

    def close(self):
        self.socket.close()

    def _message(self, seconds):
        """Next message, or None when none came in time."""
        end = time.monotonic() + seconds
        while b"\n" not in self.unread:
            left = max(0, end - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            more = self.socket.recv(65536)
            if not more:
                raise QmpError("QEMU closed the socket")
            self.unread += more
        line, self.unread = self.unread.split(b"\n", 1)
        return json.loads(line)

    def call(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            reply = self._message(SECONDS)
            if reply is None:
                raise QmpError(f"no answer to {command}")
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise QmpError(reply["error"]["desc"])
            else:
                return reply["return"]

    def wait(self, wanted):
        """wanted(event) of the first event for which it is not None; None after SECONDS."""
        end = time.monotonic() + SECONDS
        while True:
            while self.events:
                found = wanted(self.events.pop(0))
                if found is not None:
                    return found
            message = self._message(max(0, end - time.monotonic()))
            if message is None:
                return None
            self.events.append(message)


def unplugged(event, name):
    """True when the device is gone, False when the guest refused, None for anything else."""
    data = event.get("data", {})
    if event["event"] == "DEVICE_DELETED" and data.get("device") == name:
        return True
    info = data.get("info", {})
    if event["event"] == "ACPI_DEVICE_OST" and info.get("device") == name:
        return False if info["source"] == 3 and info["status"] in REFUSED else None
    return None


def act(qmp, verb, *words):
    """One request of a guest ("HOST <verb> <words>"); what came of it, in a word."""
    if verb == "dimm-add":  # ID MIB [NODE]
        name, mib, node = words[0], int(words[1]), words[2:]
        qmp.call("object-add", **{"qom-type": "memory-backend-ram", "id": "mem-" + name, "size": mib << 20})
        place = {"node": int(node[0])} if node else {}
        qmp.call("device_add", driver="pc-dimm", id=name, memdev="mem-" + name, **place)
        return "done"
    if verb == "dimm-del":  # ID
        qmp.events.clear()
        qmp.call("device_del", id=words[0])
        gone = qmp.wait(lambda event: unplugged(event, words[0]))
        if gone:
            qmp.call("object-del", id="mem-" + words[0])
        return {True: "done", False: "refused", None: "no answer"}[gone]
    if verb == "resize":  # ID MIB
        qmp.call("qom-set", path="/machine/peripheral/" + words[0], property="requested-size",
                 value=int(words[1]) << 20)
        return "done"
    raise QmpError(f"unknown request {verb}")
