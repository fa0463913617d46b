// Reading and writing of DNS wire format with sticky errors: after the first
// overrun every further read yields zeros, and the caller checks once.
#pragma once

#include "common/base/bytes.hpp"
#include "common/dns/name.hpp"

namespace chorale::dns {

inline constexpr std::size_t max_message_octets = 65535;
// A pointer points strictly backwards and a name has at most 127 labels, so
// more hops than that are hostile (RFC 1035 4.1.4).
inline constexpr unsigned max_compression_hops = 126;

class WireReader {
public:
    // The whole message: compression pointers count from its first octet.
    explicit WireReader(BytesView message) : message_(message), end_(message.size()) {}

    bool failed() const { return failed_; }
    void fail() { failed_ = true; }
    std::size_t offset() const { return at_; }
    std::size_t remaining() const { return failed_ ? 0 : end_ - at_; }
    bool at_end() const { return failed_ || at_ == end_; }
    BytesView message() const { return message_; }

    std::uint8_t u8() {
        const BytesView view = octets(1);
        return failed_ ? std::uint8_t{0} : view[0];
    }
    std::uint16_t u16() {
        const BytesView view = octets(2);
        return failed_ ? std::uint16_t{0} : static_cast<std::uint16_t>(view[0] << 8 | view[1]);
    }
    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16 | u16();
    }
    std::uint64_t u48() {
        const std::uint64_t high = u16();
        return high << 32 | u32();
    }
    std::uint64_t u64() {
        const std::uint64_t high = u32();
        return high << 32 | u32();
    }
    // A view into the message; empty after an overrun.
    BytesView octets(std::size_t count) {
        if (failed_ || count > end_ - at_) {
            failed_ = true;
            return {};
        }
        const BytesView view = message_.subspan(at_, count);
        at_ += count;
        return view;
    }
    BytesView rest() { return octets(remaining()); }
    void skip(std::size_t count) { (void)octets(count); }
    // A name, decompressed and appended to `target`; returns its view there.
    // Fails on loops, forward pointers, unknown labels, more than 255 octets.
    NameView name(Bytes& target);
    Name name();
    void skip_name();
    // Narrows the readable part to the next `count` octets; returns the previous
    // end, for `restore_end`. Pointers still reach the whole message.
    std::size_t narrow(std::size_t count);
    void restore_end(std::size_t end) { end_ = end; }
    void seek(std::size_t offset);

private:
    // Room for a name and for a label that is copied in one piece.
    struct NameOctets {
        Byte octet[max_name_octets + max_label_octets + 1];
        std::size_t size;
    };
    bool decode_name(NameOctets& name);
    BytesView message_;
    std::size_t at_ = 0;
    std::size_t end_;
    bool failed_ = false;
};

// Appends to a Bytes that the caller owns. Never fails; lengths are checked by
// whoever sends (max_message_octets).
class WireWriter {
public:
    explicit WireWriter(Bytes& target) : target_(target), start_(target.size()) {}

    std::size_t size() const { return target_.size() - start_; }
    void u8(std::uint8_t value) { target_.push_back(value); }
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void u48(std::uint64_t value);
    void u64(std::uint64_t value);
    void octets(BytesView octets) { append(target_, octets); }
    void name(NameView name) { append(target_, name.wire()); }
    // Overwrites two octets at an offset counted from where this writer began.
    void u16_at(std::size_t offset, std::uint16_t value);
    Bytes& target() { return target_; }

private:
    Bytes& target_;
    std::size_t start_;
};

}  // namespace chorale::dns
