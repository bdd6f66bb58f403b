rcs_test(queue rcsim_core)
rcs_test(network rcsim_core)
rcs_test(world rcsim_core)
rcs_test(trace rcsim_core)
