#include "common/base/secret.hpp"

#include <string.h>

namespace chorale {

void wipe(std::span<Byte> octets) {
    if (!octets.empty()) explicit_bzero(octets.data(), octets.size());
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        octets_ = std::move(other.octets_);
        other.octets_.clear();
    }
    return *this;
}

void Secret::wipe() { chorale::wipe(octets_); }

}  // namespace chorale
