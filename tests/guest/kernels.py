# SPDX-License-Identifier: GPL-2.0-only
"""Debian's kernels for test guests: found by their meta package, downloaded once, unpacked, never installed."""
import contextlib
import fcntl
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

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
        if attempt == 0 and os.geteuid() == 0 and shutil.which("apt-get"):
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


@contextlib.contextmanager
def _locked():
    """Whoever comes second waits for the first one's download."""
    with open(cache() / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack(package, root):
    """Downloads a package and unpacks it below root."""
    try:
        _run("apt-get", "download", "-qq", package, cwd=cache())
        archive = next(cache().glob(package + "_*.deb"))
        _run("dpkg-deb", "-x", str(archive), root)
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise Missing(f"cannot download {package}: {said[-1] if said else error}") from error
    archive.unlink()


def _unpack_headers(root, package):
    part = pathlib.Path(str(root) + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        depends = _run("apt-cache", "depends", package)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"no package {package}, or no apt-cache: {error}") from error
    for name in [package, *re.findall(r"Depends: (linux-headers-\S+-common\S*|linux-kbuild-\S+)", depends)]:
        _unpack(name, str(part))
    # It names the common part by where that would be installed.
    makefile = part / "usr" / "src" / package / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{root}/usr/src/"))
    os.replace(part, root)


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
        with _locked():
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

    def built_module(self, source):
        """Bytes of a module made of one C file (and the headers beside it) for this kernel."""
        source = pathlib.Path(source)
        tree = self._headers()
        with tempfile.TemporaryDirectory(prefix="hindsight-module-") as folder:
            for path in [source, *source.parent.glob("*.h")]:
                shutil.copy(path, folder)
            pathlib.Path(folder, "Makefile").write_text(f"obj-m := {source.stem}.o\n", encoding="ascii")
            try:
                # Without type information of the module's own: making it needs pahole and an unpacked vmlinux.
                _run("make", "-s", "-C", str(tree), f"M={folder}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
            except (OSError, subprocess.CalledProcessError) as error:
                said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
                raise Missing(f"cannot build {source.name} for {self.release}: {said}") from error
            return pathlib.Path(folder, source.stem + ".ko").read_bytes()

    def _headers(self):
        """The tree that modules of this kernel are built in: three packages, side by side as installed."""
        root = cache() / f"linux-headers-{self.release}"
        with _locked():
            if not root.exists():
                _unpack_headers(root, f"linux-headers-{self.release}")
        return root / "usr" / "src" / root.name

    def module(self, name):
        """Path of a module's file, or None where it is built in (or not in this kernel)."""
        return self.files.get(name.replace("-", "_"))


def source_tree(short, paths):
    """Directory with files and folders of the kernel's source, from Debian's linux-source package if installed."""
    root = cache() / f"source-{short}"
    archive = pathlib.Path(f"/usr/src/linux-source-{short}.tar.xz")
    with _locked():
        missing = [path for path in paths if not (root / path).exists()]
        if missing and not archive.exists():
            raise Missing(f"no {archive}; install linux-source-{short}")
        if missing:
            root.mkdir(exist_ok=True)
            _run("tar", "-C", str(root), "--strip-components=1", "-xf", str(archive),
                 *(f"linux-source-{short}/{path}" for path in missing))
    return root


def source_file(short, path):
    """Text of a file of the kernel's source."""
    return (source_tree(short, [path]) / path).read_text(encoding="utf-8")
