// Requests as strangers write them, with what they must get. Used twice: over a
// socket against the server, and in pieces of every size against the reader.
#pragma once

#include <string>
#include <vector>

namespace chorale::http::test {

struct HostileRequest {
    std::string name;
    std::string octets;
    int status;  // of the first answer; 0: closed without one
};

std::vector<HostileRequest> hostile_requests();

}  // namespace chorale::http::test
