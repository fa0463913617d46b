// Octets that must not be printed, copied by accident or left in memory.
#pragma once

#include "common/base/bytes.hpp"

namespace chorale {

// Key material. Copies are explicit, memory is wiped at the end of life.
class Secret {
public:
    Secret() = default;
    explicit Secret(Bytes octets) : octets_(std::move(octets)) {}
    Secret(Secret&& other) noexcept : octets_(std::move(other.octets_)) { other.octets_.clear(); }
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { wipe(); }

    Secret copy() const { return Secret(octets_); }
    // For the cryptographic call only.
    BytesView reveal() const { return octets_; }
    bool empty() const { return octets_.empty(); }
    // In constant time for equal lengths.
    friend bool operator==(const Secret& a, const Secret& b) {
        return equal_in_constant_time(a.octets_, b.octets_);
    }

private:
    void wipe();
    Bytes octets_;
};

// Overwrites memory in a way that the compiler may not drop.
void wipe(std::span<Byte> octets);

}  // namespace chorale
