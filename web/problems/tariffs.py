"""How refusals of tariffs are told. Faults stand in the problem's `faults`: path, code, detail."""

from typing import Final

from services.tariffs.errors import TariffInvalid, UseInvalid
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        TariffInvalid,
        422,
        zh="电价文件不符合格式，请按 faults 中的位置逐项修改。",
        en="The tariff's document breaks the format; correct what `faults` names, each by its path.",
    ),
    Problem(
        UseInvalid,
        422,
        zh="该用电数据无法按此电价计费，请按 faults 中的位置逐项修改。",
        en="This use cannot be priced by this tariff; correct what `faults` names, each by its path.",
    ),
]
