rcs_bench(queue rcsim_core SOURCES measure.c)
if(TARGET rcsim)
    rcs_bench(takeover rcsim_core SOURCES measure.c
        ARGS $<TARGET_FILE:rcsim> ${PROJECT_SOURCE_DIR}/traces)
    add_dependencies(run_bench_takeover rcsim)
endif()
rcs_bench(quiet rcsim_core SOURCES measure.c)
rcs_bench(check rcsim_core SOURCES measure.c)
