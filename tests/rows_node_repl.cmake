rcs_test(backlog rcsim_node)
