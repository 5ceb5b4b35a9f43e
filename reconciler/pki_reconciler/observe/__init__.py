"""What is seen of the outside: the repository's commits and bytes, and a cache of what they meant.

Belongs here: the one Git adapter and the manifest cache. Everything read is hostile and bounded
before it is used; git runs no hook, no filter and no helper for us, and only regular files pass.
Does not belong here: what a manifest means (``pki_schema.load``) and what follows (``decide``).
"""
