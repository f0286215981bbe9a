"""Typed slots that `app.wiring` fills and nobody else."""

from typing import ClassVar, Generic, TypeVar

T = TypeVar("T")


class UnfilledSlot(RuntimeError):
    """A port has no adapter: the process must not start."""


class Slot(Generic[T]):
    """One port's place for its adapter, named for the error message of a forgotten one."""

    _all: ClassVar["list[Slot[object]]"] = []

    def __init__(self, name: str) -> None:
        self.name = name
        self._value: T | None = None
        Slot._all.append(self)  # type: ignore[arg-type] # the list only reads names and emptiness

    def fill(self, value: T) -> None:
        """Put the adapter in; filling again replaces it."""
        self._value = value

    @property
    def is_filled(self) -> bool:
        """Whether wiring has put an adapter in."""
        return self._value is not None

    def get(self) -> T:
        """The adapter; raises UnfilledSlot when wiring forgot it."""
        if self._value is None:
            raise UnfilledSlot(self.name)
        return self._value

    @classmethod
    def unfilled(cls) -> list[str]:
        """Names of the slots that wiring has not filled."""
        return [slot.name for slot in cls._all if not slot.is_filled]
