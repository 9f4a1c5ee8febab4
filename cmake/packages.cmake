# Debian's packages, each as one target.
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Threads REQUIRED)

# Asio and Beast compile in one file each (src/net/asio_impl.cpp); Debian's default, 1.74, is old.
find_package(Boost 1.81 REQUIRED)
add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX)
target_compile_options(asio INTERFACE -Wno-deprecated-declarations)

if(NARU_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
