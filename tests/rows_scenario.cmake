# The scenario language: words, statements, the cli's plan, runs.
rcs_test(lex rcsim_core)
rcs_test(parse rcsim_core)
rcs_test(run rcsim_core)
rcs_test(mutations rcsim_core)
rcs_test(cli_create rcsim_core)
if(TARGET test_cli_create)
    target_link_libraries(test_cli_create PRIVATE m) # lround, to compare with
endif()
