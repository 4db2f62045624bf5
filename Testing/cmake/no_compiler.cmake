# A toolchain for a project that compiles nothing: project() then looks for no compiler, and tries none out.
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_COMPILER ${CMAKE_COMMAND})
  set(CMAKE_${language}_COMPILER_ID_RUN TRUE)
  set(CMAKE_${language}_COMPILER_FORCED TRUE)
endforeach()
