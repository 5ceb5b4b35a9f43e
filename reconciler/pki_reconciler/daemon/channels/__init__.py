"""Ways to tell people: a webhook, mail, and with the extra ``notify`` whatever ``apprise`` knows.

Belongs here: bringing one ``Notice`` to one receiver within a bounded time, whatever that does.
Does not belong here: what is told, to whom, how often it is tried.
"""
