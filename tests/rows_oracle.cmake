rcs_test(ks rcsim_proto)
rcs_test(seed0 rcsim_core)
rcs_test(seed1 rcsim_core)
rcs_test(seed2 rcsim_core)
rcs_test(seed3 rcsim_core)
rcs_test(seed4 rcsim_core)
rcs_test(timing rcsim_core)
rcs_test(versions rcsim_core)
rcs_test(pairs rcsim_core)
rcs_test(answers rcsim_core)
rcs_test(net_cuts rcsim_core)
rcs_test(net_slow rcsim_core)

# Needs redis-server and minutes: tools/test --long runs it.
if(TARGET rcsim_core)
    add_executable(live_timing live_timing.c)
    target_link_libraries(live_timing PRIVATE test_support rcsim_core)
    set_target_properties(live_timing PROPERTIES C_EXTENSIONS ON) # processes, sockets, clocks
endif()
