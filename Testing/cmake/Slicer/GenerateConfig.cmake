# Other extensions find this one's build tree by its <name>Config.cmake.
file(WRITE ${CMAKE_BINARY_DIR}/${EXTENSION_NAME}Config.cmake "set(${EXTENSION_NAME}_SOURCE_DIR \"${PROJECT_SOURCE_DIR}\")\n")
