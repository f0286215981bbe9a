"""Points move with their lots, in SQL as well: the door for single transactions refuses them, as the others do."""

import re
from pathlib import Path
from typing import Final

from alembic import op

revision = "0058_ledger_points_door"
down_revision = "0057_accounts_search_units"
branch_labels = None
depends_on = None

SQL: Final = Path(__file__).parents[1] / "sql"

INNER: Final = """
revoke all on function ledger_post_points, ledger_reverse_points from public;
"""


def upgrade() -> None:
    """Let the functions of lots post by a door of their own, and close the other one to points."""
    post = _function("ledger_post.sql", "ledger_post")
    several = _function("ledger_post.sql", "ledger_post_several")
    op.execute(_renamed(post))
    op.execute(_renamed(_function("ledger_reverse.sql", "ledger_reverse")))
    for name in ("ledger_points_earn", "ledger_points_spend", "ledger_points_expire_book", "ledger_points_reverse"):
        op.execute(_renamed(_function("ledger_points.sql", name)))
    op.execute(INNER)
    # In the condition that is asked anyway, so that money pays nothing for it.
    op.execute(_changed(post, "or p_counts[1] < 1 then", "or p_counts[1] < 1 or 1 = any (p_assets) then"))
    refusal = "if 1 = any (p_assets) then raise exception 'points move with their lots' using errcode = 'LG005'; end if;"
    op.execute(_changed(several, "\nbegin\n", f"\nbegin\n  {refusal}\n"))


def _function(file: str, name: str) -> str:
    text = (SQL / file).read_text(encoding="utf-8")
    start = text.index(f"create function {name}(")
    return text[start : text.index("\nend $$;", start) + len("\nend $$;")].replace("create", "create or replace", 1)


def _renamed(function: str) -> str:
    """The same, posting by the door of points."""
    return re.sub(r"\bledger_(post|reverse)\(", r"ledger_\1_points(", function)


def _changed(function: str, old: str, new: str) -> str:
    if function.count(old) != 1:
        raise ValueError(old)
    return function.replace(old, new)
