#include "common/dns/wire.hpp"

#include <cassert>

namespace chorale::dns {

BytesView WireReader::octets(std::size_t count) {
    if (failed_ || count > end_ - at_) {
        failed_ = true;
        return {};
    }
    const BytesView view = message_.subspan(at_, count);
    at_ += count;
    return view;
}

std::uint8_t WireReader::u8() {
    const BytesView view = octets(1);
    return failed_ ? std::uint8_t{0} : view[0];
}

std::uint16_t WireReader::u16() {
    const BytesView view = octets(2);
    return failed_ ? std::uint16_t{0} : static_cast<std::uint16_t>(view[0] << 8 | view[1]);
}

std::uint32_t WireReader::u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
}

std::uint64_t WireReader::u48() {
    const std::uint64_t high = u16();
    return high << 32 | u32();
}

std::uint64_t WireReader::u64() {
    const std::uint64_t high = u32();
    return high << 32 | u32();
}

NameView WireReader::name(Bytes& target) {
    const std::size_t start = target.size();
    std::size_t at = at_;
    std::size_t limit = end_;      // the part before the first pointer must lie in our window
    std::size_t lowest = at_;      // pointers go strictly backwards
    unsigned hops = 0;
    bool jumped = false;
    while (!failed_) {
        if (at >= limit) break;
        const Byte length = message_[at];
        if (length >= 0xc0) {
            if (at + 1 >= limit) break;
            const std::size_t to = static_cast<std::size_t>((length & 0x3f) << 8 | message_[at + 1]);
            if (!jumped) at_ = at + 2;
            jumped = true;
            if (to >= lowest || ++hops > max_compression_hops) break;
            lowest = to;
            at = to;
            limit = message_.size();
            continue;
        }
        if (length > max_label_octets || at + 1 + length > limit ||
            target.size() - start + length + 1U > max_name_octets) {
            break;
        }
        append(target, message_.subspan(at, length + 1U));
        at += length + 1U;
        if (length == 0) {
            if (!jumped) at_ = at;
            return NameView::trust(BytesView(target).subspan(start));
        }
    }
    failed_ = true;
    target.resize(start);
    return {};
}

Name WireReader::name() {
    Bytes octets;
    octets.reserve(max_name_octets);
    return Name(name(octets));
}

void WireReader::skip_name() {
    Bytes octets;
    octets.reserve(max_name_octets);
    name(octets);
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
