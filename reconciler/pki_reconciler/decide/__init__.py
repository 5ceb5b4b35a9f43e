"""What to do: pure functions from what is declared, what is issued and the time to a plan and TBS.

Belongs here: comparing, judging, guarding, building and linting. Does not belong here: anything
that reads a disk, a clock, a key or a socket. A refusal is a value.
"""
