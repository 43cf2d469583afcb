"""Whether somebody is still writing a file.

The kernel gives a read lease only on a file that nobody has open for writing: one question, where looking
through /proc takes one for each open file of each process, and sees no more.
"""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """Whether a process of this machine has ``path`` open for writing. False where nobody can tell: on most
    network file systems, and for files of other users unless we are root. Raises OSError for no file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Whoever opens it meanwhile has the kernel send a signal: not SIGIO, which would end the process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:  # no leases here
        return False
    finally:
        os.close(descriptor)  # which gives the lease back
    return False
