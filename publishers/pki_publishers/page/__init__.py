"""The status page: how everything stands, as HTML that needs no script, and as a calendar.

Belongs here: what of a ``Report`` the public may see, how it is arranged for people, the templates
(package data), and what each page's content hangs on, so that nothing is rendered in vain.

Does not belong here: judging how something stands (``decide.health`` has done that), what may only
be told on the host (messages of failures carry paths of it), and when a page is written.
"""

from typing import Final

UNIT: Final = "page"
"""What every page belongs to (see ``release``)."""
