# What every room shares: flags, and the two functions that declare a room and a unit test.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent_core>=2.1.12 libevent_pthreads)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=15)
pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl>=3.0)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
find_library(UNISTRING_LIBRARY unistring REQUIRED)
find_library(CSV_LIBRARY csv REQUIRED)

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
                    -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wcast-qual -fno-common
                    -fstack-protector-strong -fno-omit-frame-pointer)
add_compile_definitions(_GNU_SOURCE SPEAN_VERSION="${PROJECT_VERSION}"
                        SPEAN_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                        SPEAN_DATA_DIR="${CMAKE_INSTALL_FULL_DATADIR}/spean")
# gcc warns falsely of code that it has instrumented itself; the plain builds of both compilers are
# where a warning is an error.
if(SPEAN_WERROR AND NOT SPEAN_SANITIZE)
    add_compile_options(-Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT SPEAN_SANITIZE)
    add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(SPEAN_SANITIZE)
    add_compile_options(-fsanitize=${SPEAN_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SPEAN_SANITIZE})
endif()
if(SPEAN_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SPEAN_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()

# spean_room(NAME LINK lib...): the static library spean_NAME of all sources in this folder. The link
# list is the room's permission: what is not on it can't be used, and a wrong include breaks the build.
function(spean_room name)
    cmake_parse_arguments(ROOM "" "" "LINK;EXCLUDE" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    foreach(file ${ROOM_EXCLUDE})
        list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    endforeach()
    if(NOT sources)
        add_library(spean_${name} INTERFACE)
        target_link_libraries(spean_${name} INTERFACE ${ROOM_LINK})
        return()
    endif()
    add_library(spean_${name} STATIC ${sources})
    target_include_directories(spean_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(spean_${name} PUBLIC ${ROOM_LINK})
endfunction()

# spean_unit(ROOM LINK lib...): every tests/unit/ROOM/test_*.c is a cmocka program of its own. It may
# include the room's private headers.
function(spean_units room)
    cmake_parse_arguments(UNIT "" "PRIVATE_DIR" "LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.c)
    foreach(source ${sources})
        get_filename_component(stem ${source} NAME_WE)
        string(REPLACE "test_" "" stem ${stem})
        set(target unit_${room}_${stem})
        add_executable(${target} ${source})
        set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
        target_include_directories(${target} PRIVATE ${UNIT_PRIVATE_DIR})
        target_link_libraries(${target} PRIVATE ${UNIT_LINK} PkgConfig::CMOCKA)
        add_test(NAME unit/${room}/${stem} COMMAND ${target})
        set_tests_properties(unit/${room}/${stem} PROPERTIES TIMEOUT 120 LABELS unit)
    endforeach()
endfunction()
