// Lets assertions take a Result as it is and print its error when they fail.
#pragma once

#include "common/base/result.hpp"
#include "tests/support/catch.hpp"

namespace Catch {

template <class T>
struct StringMaker<boost::system::result<T, chorale::Error>> {
    static std::string convert(const boost::system::result<T, chorale::Error>& result) {
        return result ? "success" : "error: " + result.error().message();
    }
};

}  // namespace Catch
