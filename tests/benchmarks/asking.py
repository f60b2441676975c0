"""One path of one server, asked over and over; no answer counts that is not the expected one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.benchmarks import wrk
from tests.benchmarks.answers import Answer, ask
from tests.benchmarks.wrk import Run, WrongAnswers
from tests.server import Server

SIZE_TOLERANCE = 0.02  # wrk also counts the bytes of answers that the end of its run cut off


@dataclass(frozen=True)
class Asking:
    """Call it, and it measures."""

    server: Server
    path: str
    expected: Answer
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 1

    def __call__(self) -> Run:
        self.check()
        run = wrk.finished(wrk.command(self.url, seconds=self.seconds, headers=self.headers))
        if not self.fits(run):
            raise WrongAnswers(f"{self.url} answered {run.size:,.0f} bytes, not {self.expected.size:,}.")
        self.check()
        return run

    def fits(self, run: Run) -> bool:
        """Were the answers that `run` counted as large as they should be?"""
        return abs(run.size / self.expected.size - 1) <= SIZE_TOLERANCE

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}{self.path}"

    def check(self) -> None:
        answer = ask(self.server.port, self.path, self.headers)
        if (answer.status, answer.body) != (self.expected.status, self.expected.body):
            raise WrongAnswers(f"{self.url} answered {answer}")


def asking(
    server: Server,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
    seconds: int = 1,
) -> Asking:
    """Its first answer is what is expected of all others."""
    answer = ask(server.port, path, headers)
    if answer.status != status:
        raise WrongAnswers(f"{path} is answered with {answer}")
    return Asking(server, path, answer, headers or {}, seconds)
