# The cluster layer: one node's picture, with a made-up node around it.
foreach(name profile slot_map failure election slots epoch availability gossip manual_failover link
        replica_migration saved_config causes)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.c)
        rcs_test(${name} rcsim_node)
    endif()
endforeach()
