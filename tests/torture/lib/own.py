"""Namespaces of a row's own: what it does to networks and mounts there, nobody else sees, and all of it
goes when the row ends. To be called before the row starts threads or programs."""

import ctypes
import os
import subprocess
import tempfile

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000


def _unshare(t, flag, what):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flag) != 0:
        t.skip("%s of its own is not to be had here: %s" % (what, os.strerror(ctypes.get_errno())))


def command(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def network(t):
    """A network with a loopback link alone; 127.0.0.0/8 are the hosts of the test."""
    _unshare(t, CLONE_NEWNET, "a network")
    command("ip", "link", "set", "lo", "up")


def cut(address):
    """From now on every packet from and to the address is lost, without a word."""
    rules = ("table ip torture {\n chain cut {\n  type filter hook input priority 0;\n"
             "  ip saddr %s drop\n  ip daddr %s drop\n }\n}\n" % (address, address))
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def join():
    command("nft", "delete", "table", "ip", "torture")


def small_disk(t, megabytes):
    """A file system of that size; gives its directory, open to all."""
    _unshare(t, CLONE_NEWNS, "a mount namespace")
    directory = tempfile.mkdtemp(prefix="spean-disk-")
    t.on_exit(os.rmdir, directory)
    try:
        command("mount", "--make-rprivate", "/")
        command("mount", "-t", "tmpfs", "-o", "size=%dm,mode=1777" % megabytes, "tmpfs", directory)
    except subprocess.CalledProcessError:
        t.skip("a small file system can't be mounted here")
    t.on_exit(command, "umount", "-l", directory)
    return directory
