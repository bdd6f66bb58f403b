rcs_bench(crc16 rcsim_proto SOURCES measure.c)
if(HIREDIS_FOUND)
    rcs_bench(resp rcsim_proto SOURCES measure.c LINK PkgConfig::HIREDIS)
endif()
