# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels for test guests: found by their meta package, downloaded once, unpacked, never installed."""
import fcntl
import lzma
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
# Debian 13's backports have no meta package of one version, and the image and its modules in two packages.
PARTS = {
    ("7.2", "full"): (r"linux-binary-(unsigned-)?7\.2\.\d+\+deb13-amd64", r"linux-modules-7\.2\.\d+\+deb13-amd64"),
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


def _newest_package(pattern):
    """Name of the newest package that matches a pattern, among those that apt knows."""
    try:
        names = _run("apt-cache", "pkgnames", "linux-").split()
    except (OSError, subprocess.CalledProcessError):
        names = []
    found = [name for name in names if re.fullmatch(pattern, name)]
    if not found:
        raise Missing(f"no package {pattern}; are Debian 13's backports a source of apt?")
    return max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def _unpack(package, root):
    """Downloads a package and unpacks it into a directory."""
    try:
        _run("apt-get", "download", "-qq", package, cwd=cache())
        archive = next(cache().glob(package + "_*.deb"))
        _run("dpkg-deb", "-x", str(archive), str(root))
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise Missing(f"cannot download {package}: {error}") from error
    archive.unlink()


class Kernel:
    """An unpacked kernel: .image (bzImage), .modules (directory), .release, .short, .flavour."""

    def __init__(self, short, flavour="cloud"):
        if (short, flavour) not in META and (short, flavour) not in PARTS:
            raise Missing(f"no kernel {short} {flavour}; known: {', '.join(' '.join(k) for k in [*META, *PARTS])}")
        self.short, self.flavour = short, flavour
        root = self._unpacked()
        self.modules = next(root.glob("lib/modules/*"), None) or next(root.glob("usr/lib/modules/*"))
        self.release = self.modules.name
        self.image = next(root.glob("boot/vmlinuz-*"), None) or next(self.modules.glob("vmlinuz*"))
        self.files = {path.name.split(".ko")[0].replace("-", "_"): path for path in self.modules.rglob("*.ko*")}

    def _unpacked(self):
        meta = META.get((self.short, self.flavour))
        link = cache() / (meta or f"{self.short}-{self.flavour}")
        # Whoever comes second waits for the first one's download.
        with open(cache() / ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return link.resolve() if link.exists() else self._downloaded(meta, link)

    def _downloaded(self, meta, link):
        parts = PARTS.get((self.short, self.flavour), ())
        packages = [_image_package(meta)] if meta else [_newest_package(part) for part in parts]
        root = cache() / packages[-1]
        for package in packages:
            _unpack(package, str(root) + ".part")
        os.replace(str(root) + ".part", root)
        link.symlink_to(root.name)
        return root

    def needs(self, name):
        """A module of this kernel behind those that it says it needs, in the order of loading."""
        order = []
        path = self.module(name)
        data = path.read_bytes() if path else b""
        data = lzma.decompress(data) if path and path.suffix == ".xz" else data
        match = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in filter(None, (match.group(1).decode() if match else "").split(",")):
            order += [module for module in self.needs(other) if module not in order]
        return [*order, name]

    def module(self, name):
        """Path of a module's file, or None where it is built in (or not in this kernel)."""
        return self.files.get(name.replace("-", "_"))


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
