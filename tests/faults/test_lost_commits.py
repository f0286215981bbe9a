"""The answer to a COMMIT is lost: to the caller it looks like any broken connection, and the work is done all the same."""

import pytest

from core.config import Settings
from tests.faults.stories import STORIES, Story, is_paid, notify
from tests.faults.telling import Teller, check_end, deployed
from tests.faults.world import World, settle
from tests.support.proxy import proxied
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess


def test_a_notice_whose_commit_never_arrived_is_not_acknowledged(
    settings: Settings, provider: SandboxProcess, receiver: Receiver
) -> None:
    with proxied(settings.database_url.get_secret_value()) as proxy:
        through = Settings.model_validate({**settings.model_dump(), "database_url": proxy.dsn})
        world = World(deployed(through, provider, receiver), provider.base_url)
        teller = Teller(Story(("start", "pay"), "unseen", ()), world, provider, receiver)
        try:
            case = settle(world)
            teller.go(case)
            case["notice"] = teller.notice()
            proxy.cut(1, is_passed_on=False)
            assert not notify(world, case)
            assert not is_paid(world, case)
            proxy.cut(None)
            assert notify(world, case)
            assert is_paid(world, case)
        finally:
            world.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["a payment told by the provider", "another way to pay"])
def test_whichever_commit_loses_its_answer_a_repetition_has_the_one_effect(
    name: str, settings: Settings, provider: SandboxProcess, receiver: Receiver
) -> None:
    with proxied(settings.database_url.get_secret_value()) as proxy:
        through = Settings.model_validate({**settings.model_dump(), "database_url": proxy.dsn})
        world = World(deployed(through, provider, receiver), provider.base_url)
        teller = Teller(STORIES[name], world, provider, receiver)
        try:
            teller.rehearse()
            cut, is_cut = 0, True
            while is_cut:
                cut += 1
                case = settle(world)
                proxy.cut(cut)
                try:
                    teller.go(case)
                    is_cut = proxy.commits >= cut
                    proxy.cut(None)
                    check_end(teller.story, world, provider, case)
                except Exception as error:
                    msg = f"{name}, answer to commit {cut} lost: {error}"
                    raise AssertionError(msg) from error
        finally:
            world.close()
    assert cut > 10, "the stories commit more often than that"
