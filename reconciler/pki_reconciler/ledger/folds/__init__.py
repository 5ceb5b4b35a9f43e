"""What each kind of record does to the rows: one module per group of records.

Belongs here: functions from (connection, entries of one kind, in order) to changed rows. They read
nothing but the database they change and the entries, so that replay gives the same rows.

Does not belong here: the entries and tiles themselves, what is published, and signed bytes.
"""
