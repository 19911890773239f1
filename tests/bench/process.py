# SPDX-License-Identifier: Apache-2.0
"""What Linux says of a process and of the machine."""
import os
import pathlib

NICENESS = -10
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """CPU of all its threads, those that ended too. Linux scales it from nanoseconds: it steps by 10 ms."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def cpu_seconds_fine(pid):
    """Of the threads that live now, in nanoseconds, where the kernel counts them so."""
    try:
        return sum(int(file.read_text().split()[0])
                   for file in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    except (OSError, IndexError, ValueError):
        return cpu_seconds(pid)


def thread_seconds(pid, name):
    """Of its threads of this name."""
    return sum(int((task / "schedstat").read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name) / 1e9


def machine_seconds():
    """CPU that anybody used, on all cores."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) * TICK_S


def status(pid, field):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)


def go_first(pid):
    """rong-mcu takes this priority for itself: who is compared with it, or feeds it, needs the same."""
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    except OSError:
        pass  # not root: neither can rong-mcu


def resident_mib(pid):
    return status(pid, "VmRSS") / 1024


def threads(pid):
    return status(pid, "Threads")


def wakes(pid):
    """How often its threads went to sleep and woke."""
    return sum(int(line.split()[1]) for file in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
               for line in file.read_text().splitlines() if line.startswith("voluntary_ctxt_switches:"))
