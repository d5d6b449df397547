# What `cmake --install` puts where: the program and its plugins, and what a plugin's author needs.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The program looks for plugins at ../lib/syncline/plugins from where it lies.
install(TARGETS syncline RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS pop3 crm-rest exchange rules storage-sqlite LIBRARY DESTINATION lib/syncline/plugins COMPONENT program)
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT program FILES_MATCHING PATTERN "*.md")
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
# The unit names the program where it really lands, so it is written when it is installed.
install(CODE "set(SYNCLINE_PROGRAM \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/syncline\")
configure_file(\"${CMAKE_SOURCE_DIR}/packaging/syncline.service\" \"${CMAKE_BINARY_DIR}/syncline.service\" @ONLY)"
  COMPONENT program)
install(FILES ${CMAKE_BINARY_DIR}/syncline.service DESTINATION lib/systemd/system COMPONENT program)

install(TARGETS plugincheck RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sdk)
install(DIRECTORY sdk/include/syncline DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk)
install(DIRECTORY sdk/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/syncline COMPONENT sdk FILES_MATCHING PATTERN "*.json")
install(DIRECTORY sdk/template DESTINATION ${CMAKE_INSTALL_DATADIR}/syncline COMPONENT sdk)
install(TARGETS syncline_sdk EXPORT SynclineTargets COMPONENT sdk)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Syncline)
install(EXPORT SynclineTargets NAMESPACE Syncline:: DESTINATION ${package} COMPONENT sdk)
configure_package_config_file(cmake/SynclineConfig.cmake.in ${CMAKE_BINARY_DIR}/SynclineConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/SynclineConfigVersion.cmake COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${CMAKE_BINARY_DIR}/SynclineConfig.cmake ${CMAKE_BINARY_DIR}/SynclineConfigVersion.cmake
  DESTINATION ${package} COMPONENT sdk)
