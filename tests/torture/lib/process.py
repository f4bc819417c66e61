"""What a process holds and uses, read from /proc; and as many descriptors as this one may have."""

import os
import resource


def memory(pid):
    """Bytes of its own memory that are in use."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def peak(pid):
    """The most that it ever had in use, since peak_reset."""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def peak_reset(pid):
    with open("/proc/%d/clear_refs" % pid, "w") as f:
        f.write("5")


def files(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def processor(pid):
    """Seconds of processor time used."""
    with open("/proc/%d/stat" % pid) as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def raise_files(t, wanted):
    """Room for so many descriptors here, or the row is skipped."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        t.skip("%d descriptors are not to be had here, only %d" % (wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
