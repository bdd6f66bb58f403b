# What others link: librcsim (all floors without libuv) and librcsim-uv beside it, both static and
# shared, made of the floors' objects; headers, command, scenarios, pkg-config and CMake packages.

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rcsim)

# rcs_library(NAME FLOORS ... LINK ...): lib<NAME>.a and lib<NAME>.so, exported as rcsim::<export>
# (shared) and rcsim::<export>_static.
function(rcs_library name export)
    cmake_parse_arguments(lib "" "" "FLOORS;SHARED_LINK;STATIC_LINK" ${ARGN})
    set(objects)
    foreach(floor IN LISTS lib_FLOORS)
        list(APPEND objects $<TARGET_OBJECTS:${floor}>)
    endforeach()
    foreach(kind IN ITEMS SHARED STATIC)
        string(TOLOWER ${kind} lower)
        set(target lib${export}_${lower})
        add_library(${target} ${kind} ${objects})
        # Made of objects alone: CMake cannot see the language.
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} LINKER_LANGUAGE C)
        target_include_directories(${target} PUBLIC
            $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
            $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
        install(TARGETS ${target} EXPORT rcsim-targets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
    endforeach()
    set_target_properties(lib${export}_shared PROPERTIES
        EXPORT_NAME ${export} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
        INSTALL_RPATH $ORIGIN)
    set_target_properties(lib${export}_static PROPERTIES EXPORT_NAME ${export}_static)
    target_link_libraries(lib${export}_shared ${lib_SHARED_LINK})
    target_link_libraries(lib${export}_static PUBLIC ${lib_STATIC_LINK})
    if(NOT RCSIM_SANITIZE) # whose symbols come with the program
        target_link_options(lib${export}_shared PRIVATE -Wl,--no-undefined)
    endif()
endfunction()

if(TARGET rcsim_core)
    rcs_library(rcsim rcsim FLOORS rcsim_proto rcsim_node rcsim_core
        SHARED_LINK PRIVATE PkgConfig::XXHASH PkgConfig::JANSSON PkgConfig::LUA m
        STATIC_LINK PkgConfig::XXHASH PkgConfig::JANSSON PkgConfig::LUA m)
endif()
if(TARGET rcsim_uv)
    rcs_library(rcsim-uv rcsim_uv FLOORS rcsim_uv
        SHARED_LINK PUBLIC librcsim_shared PkgConfig::LIBUV
        STATIC_LINK librcsim_static PkgConfig::LIBUV)
endif()

if(TARGET rcsim)
    install(TARGETS rcsim rcsim-redis-server RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY include/rcsim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY traces DESTINATION ${CMAKE_INSTALL_DATADIR}/rcsim)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The .pc files name their directories from where they lie, so that a tree can be moved.
set(pc_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_prefix ${pc_dir} ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH pc_include ${pc_dir} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
foreach(pc IN ITEMS rcsim rcsim-uv)
    configure_file(tools/cmake/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

include(CMakePackageConfigHelpers)
configure_package_config_file(tools/cmake/rcsim-config.cmake.in ${PROJECT_BINARY_DIR}/rcsim-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rcsim-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rcsim-config.cmake ${PROJECT_BINARY_DIR}/rcsim-config-version.cmake
    DESTINATION ${package_dir})
if(TARGET librcsim_shared)
    install(EXPORT rcsim-targets NAMESPACE rcsim:: DESTINATION ${package_dir})
endif()
