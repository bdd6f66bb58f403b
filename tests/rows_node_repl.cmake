rcs_test(backlog rcsim_node)
rcs_test(replication rcsim_node)
rcs_test(profile_words rcsim_node)
rcs_test(profile_replication rcsim_node)
