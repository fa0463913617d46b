# Compiler options and the one way to declare a room.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS system)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
# toml++ is used as headers only, in common/runtime/configuration.cpp.
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_library(BOOST_URL NAMES boost_url PATH_SUFFIXES x86_64-linux-gnu aarch64-linux-gnu REQUIRED)

add_library(chorale_options INTERFACE)
target_include_directories(chorale_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_features(chorale_options INTERFACE cxx_std_20)
target_link_libraries(chorale_options INTERFACE Threads::Threads)
target_compile_definitions(chorale_options INTERFACE
  CHORALE_VERSION="${PROJECT_VERSION}"
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION)
target_compile_options(chorale_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough
  $<$<BOOL:${CHORALE_WERROR}>:-Werror>
  -fstack-protector-strong -fstack-clash-protection
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Wrong wherever the compiler inlines one of Asio's operators new and delete for coroutine frames
  # and not the other; both end in the same pair of functions.
  target_compile_options(chorale_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(chorale_options INTERFACE -fuse-ld=lld)
endif()
target_link_options(chorale_options INTERFACE -Wl,-z,relro,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
if(CHORALE_SANITIZE)
  target_compile_options(chorale_options INTERFACE
    -fsanitize=${CHORALE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(chorale_options INTERFACE -fsanitize=${CHORALE_SANITIZE})
else()
  target_compile_options(chorale_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
  target_compile_definitions(chorale_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(CHORALE_FUZZ)
  target_compile_options(chorale_options INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(chorale_options INTERFACE CHORALE_FUZZING)
endif()

# chorale_room(NAME DEPENDS room...): one static library of all .cpp files that
# lie in the calling folder. A file belongs to the room it lies in, and no list
# of files exists beside the folder itself.
function(chorale_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(chorale_${name} STATIC ${sources})
    target_link_libraries(chorale_${name} PUBLIC chorale_options ${ROOM_DEPENDS})
  else()
    add_library(chorale_${name} INTERFACE)
    target_link_libraries(chorale_${name} INTERFACE chorale_options ${ROOM_DEPENDS})
  endif()
endfunction()
