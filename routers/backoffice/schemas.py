"""What the JSON API says to programs of the supplier."""

from pydantic import ConfigDict

from core.intake import Pushed
from web.models import AnswerModel


class RejectedField(AnswerModel):
    """Why a row was not taken: its place among those sent, beginning at one, the field, and what is expected of it."""

    row: int
    field: str
    reason: str


class PushResult(AnswerModel):
    """What came of the rows: all are taken but those that are listed, as often as they have faults."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "rows": 2,
                    "taken": 1,
                    "rejected": [{"row": 2, "field": "unit_code", "reason": "is no known unit"}],
                }
            ]
        },
    )

    rows: int
    taken: int
    rejected: list[RejectedField]

    @classmethod
    def of(cls, pushed: Pushed) -> "PushResult":
        """The answer of a push."""
        return cls(
            rows=pushed.rows,
            taken=pushed.rows - len({each.row_no for each in pushed.rejects}),
            rejected=[RejectedField(row=each.row_no, field=each.field, reason=each.reason) for each in pushed.rejects],
        )
