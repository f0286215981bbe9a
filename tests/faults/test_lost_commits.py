"""The answer to a COMMIT is lost: to the caller it looks like any broken connection, and the work is done all the same."""

import pytest

from core.config import Settings
from tests.faults.stories import STORIES, World, settle
from tests.faults.telling import Teller, check_end, deployed
from tests.support.proxy import proxied
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess


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
