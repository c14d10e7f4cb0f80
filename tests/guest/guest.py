# SPDX-License-Identifier: GPL-2.0-only
"""
Test guests: Debian kernels under QEMU's software emulation.

    guest = Guest("6.12", modules=["kvm-amd"], memory="1G,slots=4,maxmem=8G")
    guest.add(binary)                 a program, with the shared libraries it needs
    guest.add_text("/run", script)    what the guest runs
    result = guest.boot(out)          .status, .output (text), .files (directory of /results)

A guest may ask the host to change its machine by printing "HOST <request>" (qmp.act lists them). One
emulation thread serves all CPUs: with a thread per CPU, code patching (attaching probes) crashes guests.
"""
import ctypes
import gzip
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import time

import qmp
from kernels import Kernel, Missing

HERE = pathlib.Path(__file__).resolve().parent
RESULT_DISK_BYTES = 256 << 20
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
# Modules that another one needs first, where they are modules at all, beside those that it names itself.
NEEDS = {
    "virtio_mem": ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"],
}


class Archive:
    """A newc cpio archive, the form of an initramfs."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def _entry(self, name, mode, data, major=0, minor=0):
        name = name.lstrip("/")
        if name in self.names:
            return
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        self.names.add(name)
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        self.parts.append(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755, b"")

    def file(self, name, data, mode=0o755):
        self._entry(name, stat.S_IFREG | mode, data)

    def device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, b"", major, minor)

    def packed(self):
        self._entry("TRAILER!!!", 0, b"")
        return gzip.compress(b"".join(self.parts), compresslevel=1)


def end_with_parent():
    """A test that is killed takes its guest along, which would make all that follow slow."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def libraries_of(program):
    """Shared libraries (and the loader) that a program needs, by ldd."""
    found = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", found)


def cpu_seconds_of(pid):
    """CPU time of a process so far; 0 once it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Result:
    def __init__(self, status, output, console, files, seconds):
        self.status, self.output, self.console = status, output, console
        self.files, self.seconds = files, seconds


class Guest:
    def __init__(self, kernel, flavour="cloud", modules=(), memory="1G,slots=4,maxmem=8G", cpus=2,
                 cmdline="", options=()):
        for program in ("qemu-system-x86_64", "busybox"):
            if not shutil.which(program):
                raise Missing(f"no {program}; install the packages of packages.txt")
        self.kernel = Kernel(kernel, flavour)
        self.memory, self.cpus, self.cmdline, self.options = memory, cpus, cmdline, list(options)
        self.archive = Archive()
        for name in ("proc", "sys", "dev", "tmp", "results", "modules", "usr/bin"):
            self.archive.directory(name)
        self.archive.device("dev/console", 5, 1)
        self.archive.file("bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes())
        self.archive.file("init", (HERE / "init").read_bytes())
        self.archive.file("bin/disk", (HERE / "disk").read_bytes())
        self._add_modules(modules if flavour == "cloud" else ["nvme", *modules])

    def _add_modules(self, names):
        order = []
        wanted = [part for name in names for part in [*NEEDS.get(name, []), name]]
        for name in [needed for part in wanted for needed in self.kernel.needs(part)]:
            path = self.kernel.module(name)
            if path and path.name not in order:
                self.archive.file(f"modules/{path.name}", path.read_bytes(), 0o644)
                order.append(path.name)
        self.archive.file("modules/order", "\n".join(order).encode() + b"\n", 0o644)

    def add(self, path, name=None):
        """A file of the host; a program brings its shared libraries."""
        path = pathlib.Path(path)
        self.archive.file(name or "/bin/" + path.name, path.read_bytes())
        for library in libraries_of(path):
            self.archive.file(library, pathlib.Path(library).read_bytes())

    def add_text(self, name, text):
        self.archive.file(name, text.encode())

    def _command(self, out, extra):
        (out / "initramfs.gz").write_bytes(self.archive.packed())
        return ["qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", str(self.cpus),
                "-m", self.memory, "-nodefaults", "-no-reboot", "-kernel", str(self.kernel.image),
                "-initrd", str(out / "initramfs.gz"), *self.options, *extra]

    def _append(self, more=""):
        return f"console=ttyS0 quiet panic=-1 damon_stat.enabled=N {self.cmdline} {more}"

    def boot(self, out, seconds=240, patience=600):
        """Boots, serves the guest's requests, and brings its results to the directory out.

        It hangs when it has used that many seconds of the host's CPU, or when patience (seconds on the wall, long
        for a host with much else to do) is at its end.
        """
        out = pathlib.Path(out)
        out.mkdir(parents=True, exist_ok=True)
        for name in ("qmp", "out.log", "console.log"):
            (out / name).unlink(missing_ok=True)
        with open(out / "disk", "wb") as disk:
            disk.truncate(RESULT_DISK_BYTES)
        command = self._command(out, [
            "-display", "none", "-append", self._append(),
            "-serial", f"file:{out}/console.log", "-serial", f"file:{out}/out.log",
            "-qmp", f"unix:{out}/qmp,server=on,wait=off",
            "-drive", f"file={out}/disk,format=raw,if=none,id=disk,cache=unsafe",
            "-device", "nvme,drive=disk,serial=results"])
        start = time.monotonic()
        with open(out / "qemu.log", "wb") as log:
            qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    start_new_session=True, preexec_fn=end_with_parent)
            try:
                hung = self._serve(qemu, out, seconds, start + patience)
            finally:
                # By its own process group: nothing else on the machine is touched.
                if qemu.poll() is None:
                    os.killpg(qemu.pid, signal.SIGKILL)
                qemu.wait()
        return self._collect(out, hung, time.monotonic() - start)

    @staticmethod
    def _serve(qemu, out, cpu_seconds, end):
        """Does what the guest asks for until QEMU ends; True if it had not by then."""
        done, connection = 0, None
        while qemu.poll() is None:
            if time.monotonic() > end or cpu_seconds_of(qemu.pid) > cpu_seconds:
                return True
            text = (out / "out.log").read_text(errors="replace") if (out / "out.log").exists() else ""
            lines = text.split("\n")[:-1]
            for line in lines[done:]:
                if not line.startswith("HOST "):
                    continue
                connection = connection or qmp.Qmp(out / "qmp")
                try:
                    answer = qmp.act(connection, *line.split()[1:])
                except (qmp.QmpError, OSError) as error:
                    answer = f"failed: {error}"
                with open(out / "requests.log", "a", encoding="utf-8") as log:
                    log.write(f"{line} -> {answer}\n")
            done = len(lines)
            time.sleep(0.05)
        return False

    @staticmethod
    def _collect(out, hung, seconds):
        output = (out / "out.log").read_text(errors="replace") if (out / "out.log").exists() else ""
        console = (out / "console.log").read_text(errors="replace") if (out / "console.log").exists() else ""
        console += (out / "qemu.log").read_text(errors="replace")
        match = re.search(r"^GUEST exit (\d+)", output, re.M)
        status = int(match.group(1)) if match else 124 if hung else 99
        shutil.rmtree(out / "results", ignore_errors=True)
        subprocess.run(["tar", "-C", str(out), "-xf", str(out / "disk")], capture_output=True, check=False)
        (out / "disk").unlink()
        (out / "initramfs.gz").unlink()
        return Result(status, output.replace("\r", ""), console, out / "results", seconds)

    def shell(self, out):
        """An interactive shell in the guest, on this terminal."""
        pathlib.Path(out).mkdir(parents=True, exist_ok=True)
        return subprocess.call(self._command(pathlib.Path(out), [
            "-display", "none", "-serial", "mon:stdio", "-append", self._append("guest_shell")]))
