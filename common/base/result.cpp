#include "common/base/result.hpp"

#include <stdexcept>

namespace chorale {

// Reached only by value() on an error, which is our own mistake.
void throw_exception_from_error(const Error& error, const boost::source_location& at) {
    throw std::logic_error(at.to_string() + ": " + error.message());
}

}  // namespace chorale
