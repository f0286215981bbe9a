"""Scenes of my files: lists that were asked for, in every state."""

from core import clock
from services.accounts.roles import StaffRole
from tests.portal.staff_scenes import Desk, scene

FILES = """
insert into staff_file (id, staff_id, of_list, filters, tells_of_people, unit_ids, state, row_count, is_cut, asked_at, due_at, taken_at, expires_at)
select uuidv7(), :staff_id, f.of_list, '{}', false, case when f.is_mine then '{}'::int[] else '{-1}' end, f.state, f.rows, f.is_cut,
  cast(:now as timestamptz) - make_interval(mins => f.age), case f.state when 'asked' then now() + interval '1 day' end,
  case when f.is_taken then now() end, cast(:now as timestamptz) + interval '20 hours'
from (values ('audit', 'asked', 48000, false, true, false, 1), ('gaps', 'ready', 1204, false, true, false, 9),
  ('suspense', 'ready', 1000000, true, true, true, 55), ('unknown', 'failed', 3000, false, true, false, 80),
  ('people', 'ready', 31, false, false, false, 200)) f (of_list, state, rows, is_cut, is_mine, is_taken, age)
"""


@scene
def staff_files(desk: Desk) -> None:
    member = desk.sign_in(StaffRole.ADMIN)
    with desk.database.write() as session:
        session.sql(FILES, staff_id=member.staff_id, now=clock.now())
    desk.visit.open("/staff/files")
    desk.visit.page.wait_for_selector("#files .rows")


@scene
def staff_files_empty(desk: Desk) -> None:
    desk.sign_in(StaffRole.AGENT)
    desk.visit.open("/staff/files")
