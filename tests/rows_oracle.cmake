rcs_test(ks rcsim_proto)
rcs_test(seed0 rcsim_core)
rcs_test(seed1 rcsim_core)
rcs_test(timing rcsim_core)
