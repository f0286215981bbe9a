"""The register of sealed columns: a model says beside the column whose subkey seals its cells, and nowhere else.

A sealed column is called `X_sealed`; its cells are sealed for table, `X` and owner. What walks over all of them (the
rotation of keys, checks that nobody is left in clear) asks `sealed_columns`.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

SUFFIX: Final = "_sealed"
_DIALECT: Final[sa.Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped


class Sealed(sa.TypeDecorator[bytes]):
    """`bytea` of the vault's form. `owner` is SQL over the row `r` that answers whose subkey seals a cell."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner


def sealed(*, owner: str) -> Sealed:
    """The type of a sealed column, as `Field(sa_type=sealed(owner="'user:' || r.id"))`."""
    return Sealed(owner)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of the register. `key` pairs the primary key's columns with their SQL types, in its order."""

    table: str
    column: str
    owner: str
    key: tuple[tuple[str, str], ...]

    @property
    def cell(self) -> str:
        """What its cells are sealed for beside table and owner."""
        return self.column.removesuffix(SUFFIX)


def sealed_columns() -> list[SealedColumn]:
    """Every sealed column of the models that are imported, by table and column."""
    return [
        SealedColumn(table.name, column.name, column.type.owner, _key(table))
        for table in sorted(SQLModel.metadata.tables.values(), key=lambda table: table.name)
        for column in table.columns
        if isinstance(column.type, Sealed)
    ]


def _key(table: sa.Table) -> tuple[tuple[str, str], ...]:
    return tuple((column.name, column.type.compile(_DIALECT)) for column in table.primary_key.columns)
