"""The process that watches those that serve."""

from __future__ import annotations

from uvicorn.supervisors.multiprocess import Multiprocess


class Supervisor(Multiprocess):
    """Keeps processes running that share a port, and frees the port before it ends them."""

    def keep_subprocess_alive(self) -> None:
        """Replace the processes that have died or do not respond."""
        # While their end of the pipe is open here too, one that dies before it has responded is
        # waited for as if it hung.
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()

    def terminate_all(self) -> None:
        """Tell all processes to end, and let nobody wait at the port for one of them."""
        # As long as any process has it, the system takes connections, which nobody would answer
        # while the others finish what they have begun.
        for shared in self.sockets:
            shared.close()
        super().terminate_all()
