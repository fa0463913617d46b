// Result<T>: a value, or the reason why the world did not give one.
// What only we can cause is an assertion; exceptions exist before a daemon is up.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace chorale {

// What class of thing went wrong; the message says it for people.
enum class ErrorKind {
    unspecified,
    malformed,     // octets or text that no rule allows
    limit,         // a bound was exceeded
    refused,       // the other side, or our policy, says no
    not_found,     // no such thing
    conflict,      // the present state does not allow it
    unauthorized,  // authentication failed or is missing
    timeout,       // a deadline passed
    network,       // connection refused, reset, unreachable
    storage,       // disk full, I/O error, corrupt file
    cancelled,     // we are shutting down, or it was called off
};

class Error {
public:
    Error() = default;
    Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    ErrorKind kind() const { return kind_; }
    const std::string& message() const { return message_; }

    // The same error with where it happened in front: "context: message".
    Error in(std::string_view context) const {
        return {kind_, std::string(context) + ": " + message_};
    }

private:
    ErrorKind kind_ = ErrorKind::unspecified;
    std::string message_ = "unspecified error";
};

template <class T>
using Result = boost::system::result<T, Error>;

// Result<void> that holds success.
inline Result<void> success() { return boost::system::in_place_value; }

inline Error malformed(std::string message) { return {ErrorKind::malformed, std::move(message)}; }

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

}  // namespace chorale
