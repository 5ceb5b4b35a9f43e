"""One file per revision, named after it. A released one is never changed."""
