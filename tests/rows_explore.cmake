# Many runs of one scenario: what each measured, and what they say together.
rcs_test(outcome rcsim_core)
rcs_test(interval rcsim_core)
if(TARGET test_interval)
    target_link_libraries(test_interval PRIVATE m)
endif()
rcs_test(axis rcsim_core)
rcs_test(summary rcsim_core)
