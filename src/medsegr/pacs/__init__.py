"""A hospital's archive (PACS): studies found and fetched, results stored.

Needs the extra ``pacs``; nothing here is imported unless a PACS is asked for.
"""
