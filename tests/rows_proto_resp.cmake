# Slots, bytes, RESP, RDB.
rcs_test(slot rcsim_proto)
rcs_test(bytes rcsim_proto)
rcs_test(resp_read rcsim_proto)
rcs_test(resp_reply rcsim_proto)
rcs_test(resp_write rcsim_proto)
rcs_test(resp_print rcsim_proto)
rcs_test(rdb rcsim_proto)
rcs_test(rdb_value rcsim_proto)
