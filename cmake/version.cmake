# Run at every build: writes OUT if the commit has changed. cmake -DSOURCE=.. -DVERSION=.. -DOUT=.. -P version.cmake
execute_process(COMMAND git describe --always --dirty --abbrev=10 --exclude=* WORKING_DIRECTORY ${SOURCE}
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
if(status EQUAL 0 AND NOT commit STREQUAL "")
  set(commit " (${commit})")
else()
  set(commit "")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "// Made by cmake/version.cmake.
#include \"cli/version.h\"

std::string_view oftwin::cli::version() { return \"oftwin ${VERSION}${commit}\"; }
")
