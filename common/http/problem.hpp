// Problem documents: how every refusal is told (RFC 9457, application/problem+json).
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.hpp"

namespace chorale::http {

// {"type":"about:blank","title":<the reason phrase>,"status":...,"detail":...}.
// `detail` is for people; octets that are not UTF-8 are replaced.
HttpResponse problem(unsigned status, std::string_view detail);

// The same for an error of the rooms below: malformed and limit 400, refused 403,
// not_found 404, conflict 409, unauthorized 401, timeout, network and cancelled 503,
// storage and unspecified 500.
HttpResponse problem(const Error& error);

// A refusal before it becomes a response, so that the log can have the reason too.
struct Refusal {
    unsigned status = 500;
    std::string detail;
    HeaderFields headers;
};
HttpResponse problem(const Refusal& refusal);

// "Not Found" for 404 and so on (RFC 9110 15).
std::string_view reason_phrase(unsigned status);

}  // namespace chorale::http
