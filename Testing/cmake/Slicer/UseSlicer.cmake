# What an extension of Python modules calls, with the arguments that Slicer's own macros take.
include(CTest)

set(EXTENSION_NAME ${PROJECT_NAME})

# Copies scripts and resources to the build tree, under the path they are listed with, and installs that tree. As in the
# packager of the Extensions Index, a name without a dot is taken for a script's.
function(ctkMacroCompilePythonScript)
  cmake_parse_arguments(PARSE_ARGV 0 MY "NO_INSTALL_SUBDIR" "TARGET_NAME;DESTINATION_DIR;INSTALL_DIR" "SCRIPTS;RESOURCES")
  foreach(argument IN ITEMS TARGET_NAME DESTINATION_DIR INSTALL_DIR SCRIPTS)
    if(NOT MY_${argument})
      message(FATAL_ERROR "${argument} is mandatory")
    endif()
  endforeach()
  if(MY_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Unknown arguments for ${MY_TARGET_NAME}: ${MY_UNPARSED_ARGUMENTS}")
  endif()

  set(copies)
  foreach(file IN LISTS MY_SCRIPTS MY_RESOURCES)
    get_filename_component(extension ${file} EXT)
    if(extension STREQUAL "")
      string(APPEND file ".py")
    endif()
    set(source ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    if(IS_ABSOLUTE ${file} OR file MATCHES "\\.\\./" OR NOT EXISTS ${source} OR IS_DIRECTORY ${source})
      message(FATAL_ERROR "${MY_TARGET_NAME} lists '${file}', which is no file below ${CMAKE_CURRENT_SOURCE_DIR}")
    endif()
    set(copy ${MY_DESTINATION_DIR}/${file})
    if(copy IN_LIST copies)
      message(FATAL_ERROR "${MY_TARGET_NAME} lists '${file}' twice")
    endif()
    list(APPEND copies ${copy})
    add_custom_command(
      OUTPUT ${copy}
      COMMAND ${CMAKE_COMMAND} -E copy ${source} ${copy}
      DEPENDS ${source}
      COMMENT ""
      )
  endforeach()
  add_custom_target(${MY_TARGET_NAME} ALL DEPENDS ${copies})

  if(MY_NO_INSTALL_SUBDIR)
    string(APPEND MY_DESTINATION_DIR "/")
  endif()
  install(DIRECTORY ${MY_DESTINATION_DIR} DESTINATION ${MY_INSTALL_DIR} COMPONENT RuntimeLibraries USE_SOURCE_PERMISSIONS)
endfunction()

function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(PARSE_ARGV 0 MODULE "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES")
  if(NOT "${MODULE_NAME}.py" IN_LIST MODULE_SCRIPTS)
    message(FATAL_ERROR "The module ${MODULE_NAME} does not list its own script, ${MODULE_NAME}.py")
  endif()
  ctkMacroCompilePythonScript(
    TARGET_NAME ${MODULE_NAME}
    SCRIPTS ${MODULE_SCRIPTS}
    RESOURCES ${MODULE_RESOURCES}
    DESTINATION_DIR ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}
    INSTALL_DIR ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}
    NO_INSTALL_SUBDIR
    ${MODULE_UNPARSED_ARGUMENTS}
    )
endfunction()

function(slicer_add_python_unittest)
  cmake_parse_arguments(PARSE_ARGV 0 TEST "" "SCRIPT" "")
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT})
    message(FATAL_ERROR "The script of the unit test, '${TEST_SCRIPT}', does not exist")
  endif()
  get_filename_component(name ${TEST_SCRIPT} NAME_WE)
  add_test(NAME py_${name} COMMAND Slicer --python-script ${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT})
endfunction()
