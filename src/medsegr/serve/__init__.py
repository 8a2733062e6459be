"""``medsegr serve``: the library as a service, with jobs, limits and one model for each worker process.

Needs the extra ``serve``; nothing here is imported unless the service is asked for.
"""
