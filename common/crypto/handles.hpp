// Owners of what OpenSSL allocates. For .cpp files only: it needs OpenSSL's headers.
#pragma once

#include <memory>

namespace chorale::crypto {

template <auto Free>
struct Freer {
    template <class Thing>
    void operator()(Thing* thing) const {
        Free(thing);
    }
};

}  // namespace chorale::crypto
