"""RefusedError: why a request is not answered."""


class RefusedError(Exception):
    """A request that is answered with a status of HTTP, a code for programs, and a sentence for people.

    The sentence repeats nothing that was sent.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.retry_after_s = status, code, detail, retry_after_s
