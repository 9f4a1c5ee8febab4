# Flags every target shares.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
                    -Xclang -fno-pch-timestamp -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
add_link_options(-fuse-ld=mold -Wl,--gc-sections)
add_compile_options(-ffunction-sections -fdata-sections)

if(NARU_SANITIZE)
  add_compile_options(-fsanitize=${NARU_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${NARU_SANITIZE})
  if(NARU_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(NARU_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
