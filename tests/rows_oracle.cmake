rcs_test(ks rcsim_proto)
rcs_test(seed0 rcsim_core)
rcs_test(seed1 rcsim_core)
rcs_test(seed2 rcsim_core)
rcs_test(seed3 rcsim_core)
rcs_test(seed4 rcsim_core)
rcs_test(timing rcsim_core)
rcs_test(versions rcsim_core)
rcs_test(versions_sites rcsim_core)
rcs_test(pairs rcsim_core)
rcs_test(answers rcsim_core)
rcs_test(profile_output rcsim_core)
rcs_test(net_cuts rcsim_core)
rcs_test(net_slow rcsim_core)

# Need redis-server and minutes: tools/test --long runs them.
if(TARGET rcsim_core)
    foreach(name live_timing live_child live_commands live_replay live_rdb live_sweep)
        add_executable(${name} ${name}.c)
        target_link_libraries(${name} PRIVATE test_support rcsim_core)
        set_target_properties(${name} PROPERTIES C_EXTENSIONS ON) # processes, sockets, clocks
    endforeach()
endif()

# Needs nothing but the command.
if(TARGET rcsim AND TARGET live_replay)
    add_test(NAME served_replay COMMAND live_replay --rcsim $<TARGET_FILE:rcsim>)
endif()

# Driven by tests/clients/run.sh.
pkg_check_modules(HIREDIS QUIET IMPORTED_TARGET hiredis)
if(HIREDIS_FOUND)
    add_executable(client_hiredis clients/hiredis.c)
    target_link_libraries(client_hiredis PRIVATE PkgConfig::HIREDIS)
    set_target_properties(client_hiredis PROPERTIES C_EXTENSIONS ON)
endif()
