# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels for test guests: found by their meta package, downloaded once, unpacked, never installed."""
import fcntl
import os
import pathlib
import re
import subprocess

# What `KERNEL=` means: (short version, image) -> meta package.
META = {
    ("6.1", "cloud"): "linux-image-cloud-amd64",
    ("6.1", "full"): "linux-image-amd64",
    ("6.12", "cloud"): "linux-image-6.12-cloud-amd64",
    ("6.12", "full"): "linux-image-6.12-amd64",
}


class Missing(RuntimeError):
    """This machine cannot have it; the text says why."""


def cache():
    base = os.environ.get("HINDSIGHT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "hindsight")
    path = pathlib.Path(base) / "kernels"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def _image_package(meta):
    """Name of the image package the meta package depends on now."""
    for attempt in range(2):
        try:
            depends = _run("apt-cache", "depends", meta)
        except (OSError, subprocess.CalledProcessError):
            depends = ""
        match = re.search(r"Depends: (linux-image-\d\S*)", depends)
        if match:
            return match.group(1)
        if attempt == 0 and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
    raise Missing(f"no package {meta}; is a Debian 12 mirror with security updates configured?")


class Kernel:
    """An unpacked kernel: .image (bzImage), .modules (directory), .release, .short, .flavour."""

    def __init__(self, short, flavour="cloud"):
        if (short, flavour) not in META:
            raise Missing(f"no kernel {short} {flavour}; known: {', '.join(' '.join(k) for k in META)}")
        self.short, self.flavour = short, flavour
        root = self._unpacked(META[short, flavour])
        self.image = next((root / "boot").glob("vmlinuz-*"))
        self.release = self.image.name[len("vmlinuz-"):]
        self.modules = root / "lib" / "modules" / self.release

    @staticmethod
    def _unpacked(meta):
        link = cache() / meta
        # Whoever comes second waits for the first one's download.
        with open(cache() / ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return link.resolve() if link.exists() else Kernel._downloaded(meta, link)

    @staticmethod
    def _downloaded(meta, link):
        package = _image_package(meta)
        root = cache() / package
        try:
            _run("apt-get", "download", "-qq", package, cwd=cache())
            archive = next(cache().glob(package + "_*.deb"))
            _run("dpkg-deb", "-x", str(archive), str(root) + ".part")
        except (OSError, subprocess.CalledProcessError, StopIteration) as error:
            raise Missing(f"cannot download {package}: {error}") from error
        archive.unlink()
        os.replace(str(root) + ".part", root)
        link.symlink_to(root.name)
        return root

    def module(self, name):
        """Path of a module's file, or None where it is built in (or not in this kernel)."""
        spellings = {name.replace("_", "-"), name.replace("-", "_")}
        for path in self.modules.rglob("*.ko*"):
            if path.name.split(".ko")[0] in spellings:
                return path
        return None


def source_file(short, path):
    """Text of a file of the kernel's source, from Debian's linux-source package if that is installed."""
    kept = cache() / f"source-{short}" / path
    if not kept.exists():
        archive = pathlib.Path(f"/usr/src/linux-source-{short}.tar.xz")
        if not archive.exists():
            raise Missing(f"no {archive}; install linux-source-{short}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        text = _run("tar", "-xOf", str(archive), f"linux-source-{short}/{path}")
        kept.write_text(text, encoding="utf-8")
    return kept.read_text(encoding="utf-8")
