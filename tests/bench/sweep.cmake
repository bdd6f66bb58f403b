if(TARGET rcsim)
    rcs_bench(sweep rcsim_core SOURCES measure.c ARGS $<TARGET_FILE:rcsim> ${PROJECT_SOURCE_DIR}/traces)
    add_dependencies(run_bench_sweep rcsim)
endif()
