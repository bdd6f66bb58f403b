# Keys, directives, commands.
rcs_test(keyspace rcsim_node)
rcs_test(config rcsim_node)
rcs_test(command rcsim_node)
rcs_test(connection rcsim_node)
rcs_test(call rcsim_node)
rcs_test(profile_commands rcsim_node)
rcs_test(cron rcsim_node)
rcs_test(migrate rcsim_node)
