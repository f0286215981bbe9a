"""A process may die at every point of every flow, raise there, or be overtaken by a second run: the end is the same.

Each cell is a story of a new customer: told to the point, cut short there, and told on by the ordinary repetitions of
customers, providers and jobs. Then the provider's books, the ledger and the telephone are counted.
"""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from core.config import Settings
from tests.faults.stories import STORIES
from tests.faults.telling import Teller, deployed
from tests.faults.world import World
from tests.faults.zygote import Zygote
from tests.support.processes import ROOT
from tests.support.receiver import Receiver
from tests.support.sandbox import SandboxProcess
from tests.support.thorough import EVERYTHING
from tools.findings import PRODUCT

ELSEWHERE: Final = {
    "tariffs.publish.": "tests/services/tariffs kills whoever publishes a version",
    "casework.file.": "tests/services/casework kills whoever writes files and writes them on",
    "metering.": "tests/services/metering cuts rounds and decisions short, and does them again",
    "usage.dry_run.": "tests/services/usage kills whoever compares accounts and goes on",
    "payments.assign_many.": "tests/portal cuts assigning many sums short and repeats it",
    "export.": "tests/app kills exports and runs them again",
    "import.": "tests/app kills imports and runs them again",
    "rotation.": "tests/core kills rotations of keys and runs them again",
    "identity.erasure.": "tests/services/identity cuts erasures short and runs them again",
    "identity.export.": "as above, of copies of a person's data",
    "payments.feed.": "tests/services/payments kills whoever numbers the feed",
    "webhooks.": "tests/notifications cuts deliveries short and sends them again",
    "billing.check.": "a check of the books, which keeps nothing but its result",
}
KINDS: Final = ("raise", "kill", "twice")
BRIEF: Final = ("raise", "twice")
"""For what moves no money, save when everything is tested."""


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote") / "log") as started:
        yield started


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", STORIES)
def test_a_flow_may_end_at_any_of_its_points(
    name: str, settings: Settings, provider: SandboxProcess, receiver: Receiver, zygote: Zygote
) -> None:
    story = STORIES[name]
    provider.clear_faults()
    world = World(deployed(settings, provider, receiver, story.settings), provider.base_url)
    teller = Teller(story, world, provider, receiver, zygote)
    try:
        passed = teller.rehearse()
        assert set(story.own) <= set(passed), f"never reached: {set(story.own) - set(passed)}"
        for point in dict.fromkeys(passed) if EVERYTHING else story.own:
            for kind in KINDS if EVERYTHING or story.end not in {"signed in", "joined"} else BRIEF:
                if kind == "twice" and point in teller.enclosed:
                    continue
                try:
                    teller.tell(point=point, kind=kind)
                except Exception as error:
                    msg = f"{name}, {kind} at {point}: {error}"
                    raise AssertionError(msg) from error
    finally:
        world.close()


def test_every_point_of_the_product_belongs_to_a_story() -> None:
    written = {
        found
        for folder in PRODUCT
        for file in (ROOT / folder).rglob("*.py")
        for found in re.findall(r"\bpoint\(\"([a-z_.]+)\"\)", file.read_text(encoding="utf-8"))
    }
    told = {point for story in STORIES.values() for point in story.own}
    missing = {point for point in written - told if not point.startswith(tuple(ELSEWHERE))}
    assert missing == set(), "a story must pass here and name the point its own"
    assert told <= written
