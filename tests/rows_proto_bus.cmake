# The value store, bus packets and node lines.
rcs_test(store rcsim_proto)
rcs_test(bus rcsim_proto)
rcs_test(bus_releases rcsim_node)
rcs_test(bus_msg rcsim_proto)
rcs_test(nodes_text rcsim_proto)
