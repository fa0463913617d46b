#include "common/dns/wire.hpp"

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
    std::size_t size = 0;
    std::size_t at = at_;
    std::size_t limit = end_;  // the part before the first pointer must lie in our window
    std::size_t lowest = at_;  // pointers go strictly backwards
    unsigned hops = 0;
    bool jumped = false;
    while (!failed_) {
        if (at >= limit) break;
        const std::size_t length = message_[at];
        if (length >= 0xc0) {
            if (at + 1 >= limit) break;
            const std::size_t to = (length & 0x3f) << 8 | message_[at + 1];
            if (!jumped) at_ = at + 2;
            jumped = true;
            if (to >= lowest || ++hops > max_compression_hops) break;
            lowest = to;
            at = to;
            limit = message_.size();
            continue;
        }
        if (length > max_label_octets || at + 1 + length > limit ||
            size + length + 1 > max_name_octets) {
            break;
        }
        const bool has_whole_piece = at + piece <= message_.size();
        std::memcpy(name.octet + size, message_.data() + at, has_whole_piece ? piece : length + 1);
        size += length + 1;
        at += length + 1;
        if (length == 0) {
            if (!jumped) at_ = at;
            name.size = size;
            return true;
        }
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
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value));
}

void WireWriter::u48(std::uint64_t value) {
    u16(static_cast<std::uint16_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
}

void WireWriter::u64(std::uint64_t value) {
    u32(static_cast<std::uint32_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
}

void WireWriter::u16_at(std::size_t offset, std::uint16_t value) {
    assert(start_ + offset + 2 <= target_.size());
    target_[start_ + offset] = static_cast<Byte>(value >> 8);
    target_[start_ + offset + 1] = static_cast<Byte>(value);
}

}  // namespace chorale::dns
