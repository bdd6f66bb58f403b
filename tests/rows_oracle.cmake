rcs_test(seed0 rcsim_core)
