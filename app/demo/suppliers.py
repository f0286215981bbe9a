"""Who lives at the demo suppliers.

All names, addresses and meters are invented; telephones are of series kept for examples.
"""

from dataclasses import dataclass, field
from typing import Final

from app.demo import tariffs
from app.demo.tariffs import DemoTariff
from app.demo.use import Shape


@dataclass(frozen=True)
class Household:
    """One demo account and how it uses electricity; `open_bills` counts the latest bills that are unpaid.

    `interval_minutes`: what its meter sends; without it somebody reads the meter once a month. `solar_kw` is the peak
    of its panels. `contract_kw` and `transformer_kva` are what an industrial account agreed to.
    """

    account_no: str
    unit: str
    name: str
    phone: str
    district: str
    street: str
    building: str
    door: str | None = None
    account_class: str = "residential"
    tariff: str = "RES-TIER"
    state: str = "active"
    base_kwh: int = 210
    open_bills: int = 1
    is_prepaid: bool = False
    locale: str = "zh-CN"
    holder: str | None = None
    shape: Shape = Shape.HOME
    interval_minutes: int | None = None
    solar_kw: int = 0
    persons: int | None = None
    contract_kw: int | None = None
    transformer_kva: int | None = None

    @property
    def customer_no(self) -> str:
        """Number of the holder; several accounts share one."""
        return f"C{self.holder or self.account_no}"


@dataclass(frozen=True)
class Supplier:
    """A demo supplier: its tree, its accounts, its tariffs, and who may act for accounts of others."""

    name: str
    meter_prefix: str
    units: tuple[tuple[str, str | None, str, str], ...]
    households: tuple[Household, ...]
    tariffs: tuple[DemoTariff, ...]
    guests: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


def _cn(
    number: int, unit: str, name: str, phone: int, place: tuple[str, str, str, str | None], **other: object
) -> Household:
    district, street, building, door = place
    return Household(
        f"32010{number:05d}",
        unit,
        name,
        f"+8613800138{phone:03d}",
        district,
        street,
        building,
        door,
        **other,  # type: ignore[arg-type] # named fields
    )


CNY: Final = Supplier(
    name="江东供电",
    meter_prefix="0132",
    units=(
        ("JD", None, "province", "江东供电公司"),
        ("JD01", "JD", "city", "临江供电分公司"),
        ("JD0101", "JD01", "branch", "桥北供电所"),
        ("JD0102", "JD01", "branch", "桥南供电所"),
        ("JD0103", "JD01", "branch", "云溪供电所"),
    ),
    households=(
        _cn(1, "JD0101", "林晓梅", 0, ("桥北区", "柳荫路", "12号", "3单元502室"), interval_minutes=60),
        _cn(
            2,
            "JD0101",
            "林晓梅",
            0,
            ("桥北区", "柳荫路", "12号", "地下车位27"),
            base_kwh=95,
            open_bills=0,
            holder="3201000001",
            shape=Shape.CAR,
            interval_minutes=60,
        ),
        _cn(3, "JD0101", "陈建国", 1, ("桥北区", "书院街", "8号", "1单元101室"), open_bills=3),
        _cn(4, "JD0101", "周雨桐", 2, ("桥北区", "书院街", "8号", "1单元102室"), open_bills=0),
        _cn(
            5,
            "JD0101",
            "欧阳若兰",
            3,
            ("桥北区", "望江里", "5号", "2单元1103室"),
            base_kwh=430,
            persons=5,
            interval_minutes=60,
        ),
        _cn(
            6,
            "JD0101",
            "吴海",
            4,
            ("桥北区", "望江里", "6号", "1单元204室"),
            is_prepaid=True,
            open_bills=0,
            interval_minutes=60,
        ),
        _cn(
            7,
            "JD0102",
            "孙立群",
            5,
            ("桥南区", "银杏大道", "88号", "4单元1801室"),
            base_kwh=520,
            open_bills=2,
            solar_kw=3,
            interval_minutes=30,
        ),
        _cn(
            8,
            "JD0102",
            "James Porter",
            6,
            ("桥南区", "银杏大道", "90号", "1单元2206室"),
            locale="en",
            interval_minutes=60,
        ),
        _cn(9, "JD0102", "赵婉清", 7, ("桥南区", "石桥巷", "21号", None), base_kwh=150, open_bills=0),
        _cn(10, "JD0102", "马志强", 8, ("桥南区", "石桥巷", "23号", None), state="suspended", open_bills=6),
        _cn(11, "JD0102", "郑秀英", 9, ("桥南区", "石桥巷", "25号", None), state="closed", open_bills=0),
        _cn(12, "JD0103", "何大山", 10, ("云溪县", "茶园村", "三组14号", None), base_kwh=130),
        _cn(
            13,
            "JD0101",
            "临江好味餐饮有限公司",
            11,
            ("桥北区", "柳荫路", "2号", "1层商铺"),
            account_class="commercial",
            tariff="COM-TOU",
            base_kwh=5_200,
            shape=Shape.RESTAURANT,
            interval_minutes=60,
        ),
        _cn(
            14,
            "JD0102",
            "临江好味餐饮有限公司",
            11,
            ("桥南区", "银杏大道", "70号", "1层108铺"),
            account_class="commercial",
            tariff="COM-TOU",
            base_kwh=4_600,
            holder="3201000013",
            shape=Shape.RESTAURANT,
        ),
        _cn(
            15,
            "JD0103",
            "临江好味餐饮有限公司",
            11,
            ("云溪县", "云溪大街", "9号", "2层"),
            account_class="commercial",
            tariff="COM-TOU",
            base_kwh=3_900,
            holder="3201000013",
            open_bills=2,
            shape=Shape.RESTAURANT,
        ),
        _cn(
            16,
            "JD0102",
            "启明书店",
            12,
            ("桥南区", "银杏大道", "101号", None),
            account_class="commercial",
            tariff="COM-TOU",
            base_kwh=1_300,
            open_bills=0,
            shape=Shape.SHOP,
            interval_minutes=60,
        ),
        _cn(
            17,
            "JD0103",
            "云溪精密铸造有限公司",
            13,
            ("云溪县", "工业园一路", "1号", None),
            account_class="industrial",
            tariff="IND-2PART",
            base_kwh=186_000,
            shape=Shape.FACTORY,
            interval_minutes=15,
            contract_kw=420,
            transformer_kva=630,
        ),
        _cn(
            18,
            "JD0103",
            "江东新材料股份有限公司",
            14,
            ("云溪县", "工业园三路", "16号", None),
            account_class="industrial",
            tariff="IND-2PART",
            base_kwh=412_000,
            open_bills=2,
            shape=Shape.FACTORY,
            contract_kw=900,
            transformer_kva=1600,
        ),
        _cn(
            19,
            "JD0103",
            "茶园村农业合作社",
            15,
            ("云溪县", "茶园村", "灌溉站", None),
            account_class="agricultural",
            tariff="AGR",
            base_kwh=2_400,
            shape=Shape.IRRIGATION,
            interval_minutes=60,
        ),
        _cn(
            20,
            "JD0103",
            "云溪水产养殖场",
            16,
            ("云溪县", "芦荡村", "1号塘", None),
            account_class="agricultural",
            tariff="AGR",
            base_kwh=7_800,
            open_bills=0,
            shape=Shape.PONDS,
        ),
    ),
    tariffs=tariffs.CNY,
    # A daughter pays for her father's account, a flatmate may look.
    guests={"+8613800138002": (("3201000003", "payer"),), "+8613800138004": (("3201000005", "viewer"),)},
)


def _eu(
    number: int, unit: str, name: str, phone: int, place: tuple[str, str, str, str | None], **other: object
) -> Household:
    district, street, building, door = place
    return Household(
        f"49220{number:05d}",
        unit,
        name,
        f"+49176040690{phone:02d}",
        district,
        street,
        building,
        door,
        **{"locale": "en", "tariff": "HOME", **other},  # type: ignore[arg-type] # named fields
    )


EUR: Final = Supplier(
    name="Rheinstrom",
    meter_prefix="1RHE",
    units=(
        ("RS", None, "province", "Rheinstrom"),
        ("RS-N", "RS", "branch", "Nordufer"),
        ("RS-S", "RS", "branch", "Südufer"),
        ("RS-H", "RS", "branch", "Hafen"),
    ),
    households=(
        _eu(
            1,
            "RS-N",
            "Anna Beispiel",
            1,
            ("Nordufer", "Lindenweg", "4", "2. OG links"),
            base_kwh=190,
            interval_minutes=60,
        ),
        _eu(
            2,
            "RS-N",
            "Jonas Muster",
            2,
            ("Nordufer", "Lindenweg", "6", None),
            base_kwh=240,
            open_bills=0,
            interval_minutes=60,
        ),
        _eu(3, "RS-N", "Marie Probst", 3, ("Nordufer", "Ahornallee", "17", "EG"), base_kwh=160, open_bills=3),
        _eu(
            4,
            "RS-S",
            "Familie Okafor",
            4,
            ("Südufer", "Am Deich", "9", None),
            base_kwh=330,
            solar_kw=6,
            interval_minutes=30,
        ),
        _eu(5, "RS-S", "Luca Romano", 5, ("Südufer", "Am Deich", "11", "3. OG"), base_kwh=210, open_bills=2),
        _eu(6, "RS-S", "王静", 6, ("Südufer", "Kirchgasse", "2", None), locale="zh-CN", base_kwh=140),
        _eu(
            7,
            "RS-S",
            "Bäckerei Morgenrot",
            7,
            ("Südufer", "Kirchgasse", "8", None),
            account_class="commercial",
            tariff="SHOP",
            base_kwh=2_900,
            shape=Shape.RESTAURANT,
            interval_minutes=60,
        ),
        _eu(
            8,
            "RS-H",
            "Kontor 12 GmbH",
            8,
            ("Hafen", "Speicherstraße", "12", None),
            account_class="commercial",
            tariff="SHOP",
            base_kwh=4_100,
            open_bills=0,
            shape=Shape.SHOP,
        ),
        _eu(
            9,
            "RS-H",
            "Hafenwerft GmbH",
            9,
            ("Hafen", "Werftstraße", "1", None),
            account_class="industrial",
            tariff="WORKS",
            base_kwh=95_000,
            shape=Shape.FACTORY,
            interval_minutes=15,
            contract_kw=220,
            transformer_kva=400,
        ),
        _eu(
            10,
            "RS-H",
            "Obsthof Sommer",
            10,
            ("Hafen", "Obstweg", "3", None),
            account_class="agricultural",
            tariff="FARM",
            base_kwh=1_700,
            shape=Shape.IRRIGATION,
        ),
    ),
    tariffs=tariffs.EUR,
)
