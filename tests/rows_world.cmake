rcs_test(queue rcsim_core)
