#include "common/dns/wire.hpp"

#include <array>
#include <cassert>
#include <cstring>

namespace chorale::dns {

NameView WireReader::name(Bytes& target) {
    NameOctets name;
    if (!decode_name(name)) return {};
    append(target, {name.octet, name.size});
    return NameView::trust(BytesView(target).last(name.size));
}

Name WireReader::name() {
    NameOctets name;
    if (!decode_name(name)) return {};
    return Name(NameView::trust({name.octet, name.size}));
}

void WireReader::skip_name() {
    NameOctets name;
    decode_name(name);
}

bool WireReader::decode_name(NameOctets& name) {
    constexpr std::size_t piece = max_label_octets + 1;
    const Byte* const message = message_.data();  // every index is compared with limit
    std::size_t size = 0;
    std::size_t at = at_;
    std::size_t limit = end_;  // the part before the first pointer must lie in our window
    std::size_t lowest = at_;  // pointers go strictly backwards
    unsigned hops = 0;
    bool jumped = false;
    while (!failed_) {
        // The labels up to a pointer or to the root, copied in one piece.
        std::size_t end = at;
        std::size_t length = 0;
        while (end < limit && size + (end - at) < max_name_octets) {
            length = message[end];
            if (length == 0 || length > max_label_octets) break;
            end += length + 1;
        }
        if (end >= limit || size + (end - at) >= max_name_octets) break;
        const std::size_t run = end - at + 1;  // the root, or an octet to be written over
        const bool is_within = run <= piece && at + piece <= message_.size();
        std::memcpy(name.octet + size, message + at, is_within ? piece : run);
        size += run - 1;
        if (length == 0) {
            if (!jumped) at_ = end + 1;
            name.size = size + 1;
            return true;
        }
        if (length < 0xc0 || end + 1 >= limit) break;
        const std::size_t to = (length & 0x3f) << 8 | message[end + 1];
        if (!jumped) at_ = end + 2;
        jumped = true;
        if (to >= lowest || ++hops > max_compression_hops) break;
        lowest = to;
        at = to;
        limit = message_.size();
    }
    failed_ = true;
    return false;
}

std::size_t WireReader::narrow(std::size_t count) {
    const std::size_t previous = end_;
    if (failed_ || count > end_ - at_) {
        failed_ = true;
    } else {
        end_ = at_ + count;
    }
    return previous;
}

void WireReader::seek(std::size_t offset) {
    if (offset > end_) {
        failed_ = true;
    } else {
        at_ = offset;
    }
}

void WireWriter::u16(std::uint16_t value) {
    const Byte octets[2] = {static_cast<Byte>(value >> 8), static_cast<Byte>(value)};
    append(target_, octets);
}

void WireWriter::u32(std::uint32_t value) {
    octets(std::array{static_cast<Byte>(value >> 24), static_cast<Byte>(value >> 16),
                      static_cast<Byte>(value >> 8), static_cast<Byte>(value)});
}

void WireWriter::u48(std::uint64_t value) {
    u16(static_cast<std::uint16_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
}

void WireWriter::u64(std::uint64_t value) {
    octets(std::array{static_cast<Byte>(value >> 56), static_cast<Byte>(value >> 48),
                      static_cast<Byte>(value >> 40), static_cast<Byte>(value >> 32),
                      static_cast<Byte>(value >> 24), static_cast<Byte>(value >> 16),
                      static_cast<Byte>(value >> 8), static_cast<Byte>(value)});
}

void WireWriter::u16_at(std::size_t offset, std::uint16_t value) {
    assert(start_ + offset + 2 <= target_.size());
    target_[start_ + offset] = static_cast<Byte>(value >> 8);
    target_[start_ + offset + 1] = static_cast<Byte>(value);
}

}  // namespace chorale::dns
