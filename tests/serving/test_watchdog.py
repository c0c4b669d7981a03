import asyncio
import threading

from covidxray_api.serving.watchdog import Watchdog


def test_work_that_does_not_end_ends_the_process() -> None:
    ended = threading.Event()
    watchdog = Watchdog(0.05, ended.set)

    async def hang() -> None:
        with watchdog.watching(asyncio.get_running_loop()), watchdog.working():
            assert await asyncio.to_thread(ended.wait, 60)

    asyncio.run(hang())


def test_an_event_loop_that_does_not_turn_ends_the_process() -> None:
    ended = threading.Event()
    watchdog = Watchdog(0.05, ended.set)

    async def hang() -> None:
        with watchdog.watching(asyncio.get_running_loop()):
            assert ended.wait(60)

    asyncio.run(hang())


def test_work_that_ends_and_a_loop_that_turns_are_left_alone() -> None:
    ended = threading.Event()
    watchdog = Watchdog(30, ended.set)

    async def live() -> None:
        with watchdog.watching(asyncio.get_running_loop()):
            for _ in range(3):
                with watchdog.working():
                    await asyncio.sleep(0)

    asyncio.run(live())
    assert not ended.is_set()
