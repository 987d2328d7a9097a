"""What running an image without an engine takes: its layers unpacked, a root, a user and a network
of its own, and a way out of that network to the Postgres server of `devstack with-services`."""

import ctypes
import fcntl
import gzip
import hashlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import urllib.parse

USER = 65532
SERVER = "DEVSTACK_TEST_DATABASE_URL"
SOCKETS = "/run/postgresql"
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, LAST_CAPABILITY = 38, 24, 40
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 32, 4096, 16384, 1 << 18,
)
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
libc = ctypes.CDLL(None, use_errno=True)


def require():
    if os.geteuid() != 0:
        sys.exit("changing the root and the user needs to be root")
    if SERVER not in os.environ:
        sys.exit(f"{SERVER} is not set: run this under `devstack with-services --`")


def again_inside(home, *arguments):
    """This script once more, in namespaces of its own; returns its exit code."""
    home.chmod(0o755)
    relay(home / "sockets")
    apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    again = [sys.executable, sys.argv[0], "--inside", str(home), *arguments]
    return subprocess.run(apart + again, check=False).returncode


def settle():
    """In namespaces of our own: nothing that is mounted or listened on here is seen outside."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def database_url(for_services=False):
    """The server's address as it is inside: its owner's, or that of the role of the services."""
    server = urllib.parse.urlsplit(os.environ[SERVER])
    role = "payment_services" if for_services else server.username
    return f"postgres://{role}:{server.password}@{server.path}?host={SOCKETS}"


def unpack(archive, root):
    """The layers of an image in `root`, every digest on the way compared; returns its settings."""
    root.mkdir()
    with tarfile.open(archive) as tar:

        def blob(described):
            name = described["digest"].replace(":", "/")
            return same(tar.extractfile(f"blobs/{name}").read(), described["digest"])

        (described,) = json.loads(tar.extractfile("index.json").read())["manifests"]
        manifest = json.loads(blob(described))
        config = json.loads(blob(manifest["config"]))
        for layer, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
            plain = same(gzip.decompress(blob(layer)), diff_id)
            with tempfile.TemporaryFile() as file:
                file.write(plain)
                file.seek(0)
                with tarfile.open(fileobj=file) as files:
                    files.extractall(root)
    for folder in ("proc", SOCKETS.lstrip("/")):
        (root / folder).mkdir(parents=True, exist_ok=True)
    if config["config"]["User"] != f"{USER}:{USER}":
        sys.exit(f"{archive} is not made for user {USER}")
    return config["config"]


def same(content, digest):
    found = "sha256:" + hashlib.sha256(content).hexdigest()
    if found != digest:
        sys.exit(f"{digest} is in truth {found}")
    return content


def relay(folder):
    """A socket that leads out of the network apart, to the Postgres server on this machine."""
    server = urllib.parse.urlsplit(os.environ[SERVER])
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / ".s.PGSQL.5432"))
    (folder / ".s.PGSQL.5432").chmod(0o777)
    listener.listen(64)

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept():
        while True:
            near, _ = listener.accept()
            far = socket.create_connection((server.hostname, server.port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def close(home, root, folders=()):
    """The root as a pod has it: read-only, with /proc, and the way to the database. `folders` are
    those shared with others, with their places inside; they must be there already."""
    mount(root, root, None, MS_BIND)
    for outer, place in [(home / "sockets", SOCKETS), *folders]:
        mount(str(outer), root + place, None, MS_BIND)
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV)
    mount("none", root, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def mount(source, target, kind, flags):
    what = (source.encode(), target.encode(), kind and kind.encode())
    if libc.mount(*what, ctypes.c_ulong(flags), None) != 0:
        sys.exit(f"mount {target}: {os.strerror(ctypes.get_errno())}")


def start(root, environment, command, **how):
    """The command as a container's first process would be: without rights, and no way to any."""

    def become():
        os.chroot(root)
        os.chdir("/")
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)

    # The path is looked up after the root has changed.
    return subprocess.Popen(command, env=environment, preexec_fn=become, **how)
