"""One lock for what is changed for a moment and belongs to the whole process.

Warning filters, loggers, file descriptor 2 and matplotlib's styles are such: a
thread that saves, changes and restores them while another does the same may
put the other's change back for good. So what is called from several threads
changes them under this lock. A command and a training, which own the process
and last long, do without it.
"""

import os
import threading

PROCESS_STATE = threading.RLock()
"""Held from before such a state is saved until it is restored; a thread that holds it may take it again."""

if hasattr(os, "register_at_fork"):  # a child would inherit the change, and a lock that nobody gives back
    os.register_at_fork(
        before=PROCESS_STATE.acquire,
        after_in_child=PROCESS_STATE.release,
        after_in_parent=PROCESS_STATE.release,
    )
