# Last of all: it wants the machine's two cores for itself. Where there is no redis-server it says so.
if(TARGET rcsim)
    add_custom_target(run_bench_serve COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/serve.sh
        $<TARGET_FILE:rcsim> USES_TERMINAL VERBATIM)
    add_dependencies(run_bench_serve rcsim)
    add_dependencies(bench run_bench_serve)
    get_property(last DIRECTORY PROPERTY RCS_LAST_BENCH)
    add_dependencies(run_bench_serve run_bench_${last})
endif()
