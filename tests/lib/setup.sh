# Sourced by quickstart, tests/run and .ci/run: packages and configuration, in one place.

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What building and running needs on Debian 12; what only the tests need is added by them.
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config
    libuv1-dev libzmq3-dev libsqlite3-dev libjansson-dev libpcre2-dev libcurl4-openssl-dev libmicrohttpd-dev uthash-dev libcmocka-dev python3-jinja2"

# need_packages [MORE...]: install what is missing, as root or by sudo.
need_packages() {
    local package missing=""
    for package in $BUILD_PACKAGES "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    local as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "these packages are missing, and only root can install them:$missing"
        as_root="sudo -n"
    fi
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get -qq update </dev/null >/dev/null || die "apt-get update failed"
    # shellcheck disable=SC2086
    $as_root apt-get -qq install -y --no-install-recommends $missing </dev/null >/dev/null ||
        die "apt-get could not install:$missing"
}

# configure DIRECTORY [CMAKE OPTIONS...]
configure() {
    local build=$1
    shift
    mkdir -p "$build"
    cmake -G Ninja -S . -B "$build" "$@" >"$build/configure.log" 2>&1 ||
        { cat "$build/configure.log" >&2; die "cmake could not configure $build"; }
}
