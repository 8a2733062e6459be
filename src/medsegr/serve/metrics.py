"""What Prometheus reads: counts and times, and nothing of anybody's picture, report or job."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from medsegr.serve.jobs import Job

JOB_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The counters of one service."""

    def __init__(self) -> None:
        self._kept = CollectorRegistry()
        own: dict[str, Any] = {"registry": self._kept}
        self.requests = Counter("medsegr_requests", "Requests, by route and status", ["route", "status"], **own)
        self.jobs = Counter("medsegr_jobs", "Jobs that ended, by state and code", ["state", "code"], **own)
        self.seconds = Histogram("medsegr_job_seconds", "Time that jobs ran", buckets=JOB_BUCKETS, **own)
        self.deaths = Counter("medsegr_worker_deaths", "Workers that ended during a job", **own)
        self.trunks = Counter("medsegr_trunks", "Pictures whose host's work was found, or computed", ["origin"], **own)
        self.waiting = Gauge("medsegr_jobs_waiting", "Jobs that wait or are being received", **own)
        self.running = Gauge("medsegr_jobs_running", "Jobs that run", **own)
        self.ready = Gauge("medsegr_workers_ready", "Workers with a model", **own)

    def job_ended(self, job: Job, seconds: float, event: Mapping[str, Any]) -> None:
        """Count a job, and what its worker says of trunks that it found or computed."""
        self.jobs.labels(job.state, job.code or "").inc()
        self.seconds.observe(seconds)
        for origin in ("found", "computed"):
            self.trunks.labels(origin).inc(event.get(origin, 0))

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._kept)
