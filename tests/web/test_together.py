"""What is asked for at the same moment is asked for together, and answered each by its own."""

import asyncio
from collections.abc import Sequence

import pytest

from web.together import Together


def test_what_gathers_while_work_is_done_goes_together_and_each_gets_its_own_answer() -> None:
    seen: list[list[int]] = []

    async def double(items: Sequence[int]) -> list[int]:
        seen.append(list(items))
        await asyncio.sleep(0)
        return [2 * item for item in items]

    async def ask() -> list[int]:
        together = Together(double, at_once=1, most=3)
        return list(await asyncio.gather(*[together(item) for item in range(8)]))

    assert asyncio.run(ask()) == [2 * item for item in range(8)]
    assert [len(batch) for batch in seen] == [3, 3, 2]


def test_no_more_calls_run_at_once_than_may() -> None:
    running = most = 0

    async def work(items: Sequence[int]) -> list[int]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return list(items)

    async def ask() -> None:
        together = Together(work, at_once=2, most=1)
        await asyncio.gather(*[together(item) for item in range(9)])

    asyncio.run(ask())
    assert most == 2


def test_an_error_is_that_of_its_call_alone_and_what_comes_later_is_answered() -> None:
    async def picky(items: Sequence[int]) -> list[int]:
        if 1 in items:
            raise ZeroDivisionError
        return list(items)

    async def ask() -> int:
        together = Together(picky, at_once=1, most=2)
        answers = await asyncio.gather(*[together(item) for item in range(4)], return_exceptions=True)
        assert [type(each) for each in answers] == [ZeroDivisionError, ZeroDivisionError, int, int]
        return await together(7)

    assert asyncio.run(ask()) == 7


def test_who_goes_away_takes_no_answer_from_others() -> None:
    async def ask() -> int:
        going = asyncio.Event()

        async def slow(items: Sequence[int]) -> list[int]:
            await going.wait()
            return list(items)

        together = Together(slow, at_once=1, most=2)
        first, second = asyncio.ensure_future(together(1)), asyncio.ensure_future(together(2))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        going.set()
        return await second

    assert asyncio.run(ask()) == 2
