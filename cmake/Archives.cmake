# The program is started for every command of a job, and of the 5 ms that one takes, loading libzmq and what that
# needs in turn (Kerberos, NORM, the C++ library) is one or two. A release therefore has the libraries inside, where
# their archives are there and can be linked; everything else, and every other build, loads them as usual.
#
#     rouse_archives(TARGET)           the target takes archives if it can
#     rouse::zmq rouse::sqlite ...     what libraries link, either way

option(ROUSE_ARCHIVES "have the libraries inside the program, in a release" ON)

include(CheckCSourceCompiles)

function(rouse_find_archives output)
    set(found)
    foreach(name IN LISTS ARGN)
        if(name STREQUAL stdc++)
            execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libstdc++.a
                OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE)
        else()
            find_library(ROUSE_${name}_ARCHIVE lib${name}.a)
            mark_as_advanced(ROUSE_${name}_ARCHIVE)
            set(file ${ROUSE_${name}_ARCHIVE})
        endif()
        if(NOT IS_ABSOLUTE "${file}")
            set(${output} "" PARENT_SCOPE)
            return()
        endif()
        list(APPEND found ${file})
    endforeach()
    set(${output} "${found}" PARENT_SCOPE)
endfunction()

# rouse::NAME, which is the shared MODULE of pkg-config, or for a target that wants them the archives.
function(rouse_choice name module function)
    add_library(rouse_${name} INTERFACE)
    add_library(rouse::${name} ALIAS rouse_${name})
    target_include_directories(rouse_${name} SYSTEM INTERFACE ${${module}_INCLUDE_DIRS})
    set(archives)
    if(ROUSE_ARCHIVES AND CMAKE_BUILD_TYPE STREQUAL Release AND NOT ROUSE_SANITIZE)
        rouse_find_archives(archives ${ARGN})
    endif()
    if(archives)
        list(APPEND archives -static-libgcc)
        if(name STREQUAL zmq)
            list(APPEND archives gssapi_krb5)
        endif()
        list(APPEND archives Threads::Threads dl m)
        set(CMAKE_REQUIRED_LIBRARIES ${archives})
        check_c_source_compiles("char ${function}(void); int main(void) { return ${function}(); }"
            ROUSE_ARCHIVES_OF_${name})
    endif()
    if(archives AND ROUSE_ARCHIVES_OF_${name})
        set(wanted $<BOOL:$<TARGET_PROPERTY:ROUSE_TAKES_ARCHIVES>>)
        target_link_libraries(rouse_${name} INTERFACE "$<IF:${wanted},${archives},PkgConfig::${module}>")
    else()
        target_link_libraries(rouse_${name} INTERFACE PkgConfig::${module})
    endif()
endfunction()

function(rouse_archives target)
    set_target_properties(${target} PROPERTIES ROUSE_TAKES_ARCHIVES ON)
endfunction()

rouse_choice(zmq ZMQ zmq_ctx_new zmq pgm norm protokit sodium bsd md stdc++)
rouse_choice(sqlite SQLITE sqlite3_libversion sqlite3)
rouse_choice(jansson JANSSON json_object jansson)
rouse_choice(pcre2 PCRE2 pcre2_compile_8 pcre2-8)
