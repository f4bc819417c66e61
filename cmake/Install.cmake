# What `cmake --install` puts where. The units name the programs under /usr; another prefix is written
# into the installed copies.
if(TARGET speand)
    install(TARGETS speand RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
endif()
if(TARGET spean)
    install(TARGETS spean RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(PROGRAMS systemd/speand-setup systemd/speand-backup DESTINATION ${CMAKE_INSTALL_SBINDIR})

install(DIRECTORY conf/model conf/import sql DESTINATION ${CMAKE_INSTALL_DATADIR}/spean)
install(FILES conf/speand.conf DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/spean)

set(SPEAN_UNIT_DIR lib/systemd/system CACHE STRING "where systemd units go")
foreach(unit speand.service speand.socket speand-tls.socket speand-metrics.socket)
    file(READ systemd/${unit} text)
    string(REPLACE "/usr/sbin/speand" "${CMAKE_INSTALL_FULL_SBINDIR}/speand" text "${text}")
    file(WRITE ${CMAKE_BINARY_DIR}/systemd/${unit} "${text}")
    install(FILES ${CMAKE_BINARY_DIR}/systemd/${unit} DESTINATION ${SPEAN_UNIT_DIR})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS systemd/${unit})
endforeach()
install(FILES systemd/spean.sysusers.conf DESTINATION lib/sysusers.d RENAME spean.conf)
install(FILES systemd/spean.tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME spean.conf)

foreach(section 1 5 7 8)
    file(GLOB pages CONFIGURE_DEPENDS docs/man/*.${section})
    install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
if(EXISTS ${PROJECT_SOURCE_DIR}/client/completion/spean.bash)
    install(FILES client/completion/spean.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
            RENAME spean)
endif()
install(DIRECTORY docs/ops DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
