"""A thread in a process that can start no more of them."""

from threading import Thread


class UnstartableThread(Thread):
    """Cannot be started."""

    def start(self) -> None:
        """Fail as Python does at the limit of the system."""
        raise RuntimeError("can't start new thread")
