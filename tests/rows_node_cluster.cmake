rcs_test(command_cluster rcsim_node)
rcs_test(conversation rcsim_node)
