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
  target_compile_options(oftwin_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
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
  endif()
endfunction()
