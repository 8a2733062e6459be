"""A hospital's archive (PACS): studies found, fetched and segmented, results stored beside them.

Needs the extra ``pacs``; nothing here is imported unless a PACS is asked for.
"""
