-- Whether anything may contradict something: an interval that stands twice, or one that is not taken and says other than what is known.
select (select count(*) from typed_interval)
    > (select count(*) from judged_interval) + (select count(*) from held_interval) + (select count(*) from settled_interval)
  or exists (select from judged_interval where not is_taken and energy is distinct from known_energy)
