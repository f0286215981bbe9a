"""What people wrote is text wherever it is shown: on every page, to customers and staff, in both languages."""

import re
from typing import Final

import psycopg
from psycopg import sql

from core import clock
from tests.access.requests import ASKING, headers_of, scene
from tests.support.office import office_of
from tests.support.thorough import share
from tests.support.town import Town

PAGES: Final = sorted(operation for operation in ASKING if operation.startswith("GET ") and "/api/" not in operation)
LANGUAGES: Final = ("zh-CN", "en")
PLANTED: Final = {
    "zqunit": ("unit", "name"),
    "zqdistrict": ("premises", "district"),
    "zqstreet": ("premises", "street"),
    "zqbuilding": ("premises", "building"),
    "zqholder": ("customer", "name_masked"),
    "zqdevice": ("session_family", "device_name"),
    "zqbrowser": ("staff_session", "device_name"),
    "zqstaff": ("staff", "display_name"),
    "zqgroup": ("account_group", "name"),
    "zqfile": ("import_run", "file_name"),
    "zqreason": ("approval_request", "reason"),
    "zqhook": ("webhook_endpoint", "name"),
}
"""The mark in a field, and where the field lies."""
NOTE: Final = "zqnote"
UNIQUE: Final = frozenset({"zqgroup"})


def hostile(mark: str) -> str:
    """A text that would be an element, end an attribute or a script, and be computed by a template."""
    return f"<img src=x onerror={mark}()>\"'{{{{7*7}}}}</script>"


ALIVE: Final = re.compile(r"<img src=x|onerror=zq\w+\(\)>|49</script>|\"'\{\{7")
"""What is not there when `hostile` was written as a text."""


def plant(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let everybody have written it, wherever somebody may write."""
    for mark, (table, column) in PLANTED.items():
        value = sql.SQL("%s || row_number") if mark in UNIQUE else sql.SQL("%s")
        connection.execute(
            sql.SQL(
                "update {table} t set {column} = {value} "
                "from (select ctid as place, row_number() over ()::text from {table}) n where n.place = t.ctid"
            ).format(table=sql.Identifier(table), column=sql.Identifier(column), value=value),
            (hostile(mark),),
        )


def write_notes(connection: psycopg.Connection[tuple[object, ...]], town: Town) -> None:
    """A note of every account, a group of its owner: what is not there by itself."""
    connection.execute(
        "insert into account_note (account_id, id, written_by, written_at, text) select id, gen_random_uuid(), %s, %s, %s from account",
        (office_of(town).members["here"].staff_id, clock.now(), hostile(NOTE)),
    )
    connection.execute(
        "insert into account_group (id, user_id, name, created_at) values (gen_random_uuid(), %s, 'x', now())",
        (town.people["owner"].user_id,),
    )


def test_whatever_people_wrote_is_text_on_every_page_in_both_languages(town: Town) -> None:
    dsn = town.settings.migration_database_url
    assert dsn is not None
    seen: set[str] = set()
    alive: list[tuple[str, str, str]] = []
    with psycopg.connect(dsn.get_secret_value(), autocommit=True) as connection:
        write_notes(connection, town)
        for operation in PAGES:
            made = scene(town, operation, "owner", "own")
            path = ASKING[operation](made).path
            plant(connection)
            for language in share(operation, LANGUAGES, parts=2):
                town.client.cookies.clear()
                headers = {**headers_of(made), "accept-language": language}
                answer = town.client.get(path, headers=headers, follow_redirects=False)
                if not answer.headers.get("content-type", "").startswith("text/html"):
                    continue
                alive += [(operation, language, found) for found in ALIVE.findall(answer.text)]
                seen |= {mark for mark in (*PLANTED, NOTE) if f"&lt;img src=x onerror={mark}" in answer.text}
    assert alive == []
    assert seen == {*PLANTED, NOTE}, "what no page shows proves nothing"
