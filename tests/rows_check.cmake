# The checks alone: what they call outside their own files and proto does not link.
file(GLOB check_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/explore/check*.c)
list(REMOVE_ITEM check_sources ${PROJECT_SOURCE_DIR}/sim/explore/check_world.c)
add_library(test_checks STATIC ${check_sources})
target_link_libraries(test_checks PUBLIC rcsim_proto)
foreach(part check check_claim check_data check_fail check_find check_healed)
    rcs_test(${part} rcsim_proto)
    target_link_libraries(test_${part} PRIVATE test_checks)
endforeach()

# What is known to go wrong, each under its name.
rcs_test(check_hazards rcsim_core)

# Scenarios under a few seeds; of many: tools/test --long.
file(GLOB check_shipped CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/traces/*.scenario
    ${PROJECT_SOURCE_DIR}/traces/*/*.scenario)
list(FILTER check_shipped EXCLUDE REGEX /fuzz/) # tests/fuzz.sh and tests/campaign.sh play those
add_executable(check_seeds check_seeds.c)
target_link_libraries(check_seeds PRIVATE rcsim_core)
add_test(NAME check_seeds COMMAND check_seeds 1 2 ${check_shipped})

# The canary is found, and is called a breach.
add_test(NAME check_canary COMMAND check_seeds 1 4 ${PROJECT_SOURCE_DIR}/traces/fuzz/canary.scenario)
set_tests_properties(check_canary PROPERTIES PASS_REGULAR_EXPRESSION
    "BREACH.*voted in epoch.*double-vote.*4 runs, 4 of them to their end")

# Bugs planted in nodes: these files once more, with them. What they define is not asked of the library.
rcs_test(check_planted rcsim_core)
foreach(file election receive failure slots)
    target_sources(test_check_planted PRIVATE ${PROJECT_SOURCE_DIR}/sim/cluster/${file}.c)
endforeach()
target_compile_definitions(test_check_planted PRIVATE RCS_PLANT)

# Faults at random: the checks accuse nobody who does what Redis does.
add_executable(check_faults check_faults.c)
target_link_libraries(check_faults PRIVATE rcsim_core)
foreach(release 3.0 7.0 7.4 valkey-8.0)
    add_test(NAME check_faults_${release} COMMAND check_faults 1 8 ${release})
endforeach()
