rcs_test(backlog rcsim_node)
rcs_test(replication rcsim_node)
rcs_test(replica_link rcsim_node)
