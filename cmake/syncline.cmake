# What every target of the tree shares: warnings, sanitizers, and how a plugin and a test are declared.

add_library(syncline_warnings INTERFACE)
target_compile_options(syncline_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Werror)
# From -O2 on, g++ 12 follows inlined code into overlapping copies (GCC bug 105651) and null pointers that are not there.
# The preset dev keeps both warnings.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE MATCHES "^Rel")
  target_compile_options(syncline_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-null-dereference>)
endif()

if(SYNCLINE_SANITIZE)
  add_compile_options(-fsanitize=${SYNCLINE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SYNCLINE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # instrumented code hides from it what is set before (GCC bug 105562)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
  endif()
endif()

# For tests that read the tree or run its programs; apart, so that other objects do not depend on where the tree lies.
add_library(syncline_paths INTERFACE)
target_compile_definitions(syncline_paths INTERFACE
  SYNCLINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SYNCLINE_BUILD_DIR="${CMAKE_BINARY_DIR}")

# syncline_plugin(NAME sources... [LIBS libraries...]): a module that the kernel can load, put in <build>/plugins, and a
# static library NAME_parts of the same sources for the tests beside it.
function(syncline_plugin name)
  cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
  add_library(${name}_parts STATIC ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name}_parts PUBLIC syncline_sdk ${arg_LIBS} PRIVATE syncline_warnings)
  target_include_directories(${name}_parts PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  add_library(${name} MODULE $<TARGET_OBJECTS:${name}_parts>)
  target_link_libraries(${name} PRIVATE syncline_sdk ${arg_LIBS})
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL)
  if(NOT SYNCLINE_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs) # a missing symbol is a link error, not a surprise at load
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
endfunction()

# <label>_tests builds what ctest -L <label> runs, and nothing else.
if(SYNCLINE_TESTS)
  foreach(label unit conformance law crash fault peer docs daemon acceptance threads)
    add_custom_target(${label}_tests)
  endforeach()
endif()

# syncline_test(NAME LABEL sources... [LIBS libraries...] [THREADS]): one GoogleTest program, one ctest entry.
# THREADS: several threads meet in it; it has the label `threads` too, which is what ThreadSanitizer looks at.
function(syncline_test name label)
  if(NOT SYNCLINE_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "THREADS" "TIMEOUT" "LIBS;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest GTest::gmock GTest::gtest_main syncline_warnings)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR})
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(SYNCLINE_SANITIZE)
    math(EXPR arg_TIMEOUT "5 * ${arg_TIMEOUT}")
  endif()
  set(labels ${label})
  if(arg_THREADS)
    list(APPEND labels threads)
  endif()
  foreach(each ${labels})
    add_dependencies(${each}_tests ${name})
  endforeach()
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT})
endfunction()
