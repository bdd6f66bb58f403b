# Random faults: the plans that seeds draw, and how a finding is made small.
rcs_test(plan rcsim_core)
rcs_test(shrink rcsim_core)
