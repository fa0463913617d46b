// A disk that takes no more, for one scope: writes beyond a size fail with EFBIG, in the
// whole process (POSIX setrlimit()).
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>

#include "tests/support/catch.hpp"

namespace chorale {

class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uint64_t octets) {
        ::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
        rlimit limit = before_;
        limit.rlim_cur = octets;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
    rlimit before_{};
};

}  // namespace chorale
