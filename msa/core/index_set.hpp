// Sets of small numbers as one machine word. Keys, name servers and providers of a
// zone are few (a DNSKEY RRset of more than 64 keys is refused: CVE-2023-50387 shows
// why), so that a view of a whole zone fits into some dozen words.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace chorale::msa {

inline constexpr std::size_t most_members = 64;

template <class Tag, class Bits = std::uint64_t>
class IndexSet {
public:
    static constexpr std::size_t most = sizeof(Bits) * 8;

    constexpr IndexSet() = default;
    static constexpr IndexSet of(std::size_t index) { return IndexSet(bit(index)); }
    static constexpr IndexSet from_bits(Bits bits) { return IndexSet(bits); }

    constexpr Bits bits() const { return bits_; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
    constexpr bool contains(std::size_t index) const { return (bits_ >> index & 1) != 0; }
    constexpr bool includes(IndexSet other) const { return (other.bits_ & ~bits_) == 0; }
    constexpr bool meets(IndexSet other) const { return (bits_ & other.bits_) != 0; }
    // The smallest member; not to be asked of the empty set.
    constexpr std::size_t first() const {
        return static_cast<std::size_t>(std::countr_zero(bits_));
    }

    constexpr void add(std::size_t index) { *this |= of(index); }
    constexpr void remove(std::size_t index) { *this -= of(index); }

    friend constexpr IndexSet operator|(IndexSet a, IndexSet b) {
        return IndexSet(static_cast<Bits>(a.bits_ | b.bits_));
    }
    friend constexpr IndexSet operator&(IndexSet a, IndexSet b) {
        return IndexSet(static_cast<Bits>(a.bits_ & b.bits_));
    }
    friend constexpr IndexSet operator-(IndexSet a, IndexSet b) {
        return IndexSet(static_cast<Bits>(a.bits_ & ~b.bits_));
    }
    constexpr IndexSet& operator|=(IndexSet other) { return *this = *this | other; }
    constexpr IndexSet& operator&=(IndexSet other) { return *this = *this & other; }
    constexpr IndexSet& operator-=(IndexSet other) { return *this = *this - other; }
    friend constexpr bool operator==(IndexSet, IndexSet) = default;

    class Iterator {
    public:
        explicit constexpr Iterator(Bits rest) : rest_(rest) {}
        constexpr std::size_t operator*() const {
            return static_cast<std::size_t>(std::countr_zero(rest_));
        }
        constexpr Iterator& operator++() {
            rest_ = static_cast<Bits>(rest_ & (rest_ - 1));
            return *this;
        }
        friend constexpr bool operator==(Iterator, Iterator) = default;

    private:
        Bits rest_;
    };
    constexpr Iterator begin() const { return Iterator(bits_); }
    constexpr Iterator end() const { return Iterator(0); }

private:
    static constexpr Bits bit(std::size_t index) { return static_cast<Bits>(Bits(1) << index); }
    explicit constexpr IndexSet(Bits bits) : bits_(bits) {}
    Bits bits_ = 0;
};

using KeySet = IndexSet<struct KeyTag>;        // DNSKEYs, numbered by ZoneState::keys
using ServerSet = IndexSet<struct ServerTag>;  // name servers, numbered by ZoneState::servers
// Providers, numbered by ZoneState::providers.
using ProviderSet = IndexSet<struct ProviderTag, std::uint16_t>;

}  // namespace chorale::msa
