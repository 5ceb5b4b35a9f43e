"""``vcc-pki run``: when to reconcile, and what others may see of it.

Belongs here: the loop around ``loop.reconcile``, what wakes it, how long it leaves alone what
fails, the small HTTP face for probes, metrics and webhooks, and what systemd is told.

Does not belong here: what a cycle does. There is one thread that acts; the others only wake it or
read the last ``Pulse``.
"""
