# The scenario language: words, statements, the cli's plan, runs.
rcs_test(lex rcsim_core)
rcs_test(parse rcsim_core)
rcs_test(run rcsim_core)
rcs_test(workload rcsim_core)
rcs_test(mutations rcsim_core)
rcs_test(explain rcsim_core)
rcs_test(cli_create rcsim_core)
if(TARGET test_cli_create)
    target_link_libraries(test_cli_create PRIVATE m) # lround, to compare with
endif()
rcs_test(pump rcsim_uv)
if(TARGET test_pump)
    set_target_properties(test_pump PROPERTIES C_EXTENSIONS ON) # uv.h needs pthread types
endif()
if(TARGET rcsim)
    add_test(NAME cli COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli.sh $<TARGET_FILE:rcsim>)
    add_test(NAME golden COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/golden.sh $<TARGET_FILE:rcsim>)
endif()
