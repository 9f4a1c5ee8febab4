# The one tool chain: clang-19 with libstdc++ 12, mold, ccache.
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER clang-19)
