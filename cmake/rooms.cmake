# A room is a folder whose headers can be included only by targets that link it: its include directory holds nothing
# but a link to the room. `#include "model/step.h"` therefore fails to compile in a target that does not link oftwin_model.
# (properties/include_directions_test.cc reads the #include lines as well, for relative paths and the like.)

find_program(OFTWIN_CCACHE ccache)
if(OFTWIN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${OFTWIN_CCACHE})
endif()

add_library(oftwin_flags INTERFACE)
target_compile_options(oftwin_flags INTERFACE -Wall -Wextra -Wpedantic $<$<BOOL:${OFTWIN_STRICT}>:-Werror> -Wshadow -Wconversion
                       -Wno-sign-conversion -Wnon-virtual-dtor -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside libstdc++'s own variant and vector code when it inlines.
  target_compile_options(oftwin_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(OFTWIN_SANITIZE)
  target_compile_options(oftwin_flags INTERFACE -fsanitize=${OFTWIN_SANITIZE} -fno-sanitize-recover=all)
  if(OFTWIN_SANITIZE MATCHES "undefined" AND OFTWIN_SANITIZE MATCHES "address")
    # Too dear in time to compile for the quick tier. A null access still ends in an AddressSanitizer report; what vptr and
    # object-size would find beyond it is given up.
    target_compile_options(oftwin_flags INTERFACE -fno-sanitize=null,vptr,object-size)
  endif()
  target_link_options(oftwin_flags INTERFACE -fsanitize=${OFTWIN_SANITIZE})
endif()
if(OFTWIN_FUZZERS)
  target_compile_options(oftwin_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The standard library's headers are compiled once and not once for each of some 300 sources. Nothing of ours is in it: a
# room sees what it links. OFF shows a source that forgets an #include; it is off where there is a ccache, which does more
# for who builds again and knows a source only by all that went into it.
find_package(fmt REQUIRED GLOBAL)
if(OFTWIN_CCACHE)
  option(OFTWIN_PRECOMPILE "Compile the standard library's headers once" OFF)
else()
  option(OFTWIN_PRECOMPILE "Compile the standard library's headers once" ON)
endif()
function(oftwin_precompile target)
  if(NOT OFTWIN_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET oftwin_standard)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/standard.cc CONTENT "// Only a place for the precompiled header.\n")
    add_library(oftwin_standard OBJECT ${PROJECT_BINARY_DIR}/standard.cc)
    target_link_libraries(oftwin_standard PRIVATE oftwin_flags fmt::fmt)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(oftwin_standard PRIVATE -fpch-preprocess)
    endif()
    target_precompile_headers(oftwin_standard PRIVATE <algorithm> <array> <bit> <charconv> <chrono> <cstdint> <cstdio> <cstring>
      <deque> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span> <sstream> <string> <string_view>
      <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
  endif()
  # g++ takes a precompiled header only where the macros are the same that it was made with.
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)
  target_precompile_headers(${target} REUSE_FROM oftwin_standard)
endfunction()

# oftwin_room(TARGET FOLDER): gives TARGET the include directory through which FOLDER is seen, and the flags.
function(oftwin_room target folder)
  set(dir ${PROJECT_BINARY_DIR}/rooms/${target})
  file(MAKE_DIRECTORY ${dir})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${dir}/${folder} SYMBOLIC)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    target_include_directories(${target} INTERFACE ${dir})
    target_link_libraries(${target} INTERFACE oftwin_flags)
  else()
    target_include_directories(${target} PUBLIC ${dir})
    target_link_libraries(${target} PUBLIC oftwin_flags)
    oftwin_precompile(${target})
  endif()
endfunction()
