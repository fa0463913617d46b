#include "common/dns/name.hpp"

#include <cassert>

namespace chorale::dns {
namespace {

constexpr Byte root_octets[1] = {0};

constexpr Byte lower(Byte octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<Byte>(octet + 32) : octet;
}

// Offsets of the labels, first label first, without the root label.
struct LabelOffsets {
    explicit LabelOffsets(BytesView wire) {
        const Byte* const octets = wire.data();
        for (std::size_t at = 0; octets[at] != 0; at += octets[at] + 1U) {
            offset[count++] = static_cast<Byte>(at);
        }
    }
    Byte offset[128];
    std::size_t count = 0;
};

}  // namespace

NameView::NameView() : wire_(root_octets) {}

std::size_t NameView::label_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; wire_[at] != 0; at += wire_[at] + 1U) ++count;
    return count;
}

NameView NameView::parent() const {
    return is_root() ? *this : NameView(wire_.subspan(wire_[0] + 1U));
}

BytesView NameView::first_label() const { return wire_.subspan(is_root() ? 0 : 1, wire_[0]); }

bool NameView::is_at_or_below(NameView apex) const {
    NameView name = *this;
    while (name.wire_.size() > apex.wire_.size()) name = name.parent();
    return name == apex;
}

std::string NameView::to_text() const {
    if (is_root()) return ".";
    std::string text;
    for (NameView name = *this; !name.is_root(); name = name.parent()) {
        for (const Byte octet : name.first_label()) {
            if (octet <= 0x20 || octet >= 0x7f) {
                const char escaped[] = {'\\', static_cast<char>('0' + octet / 100),
                                        static_cast<char>('0' + octet / 10 % 10),
                                        static_cast<char>('0' + octet % 10), '\0'};
                text += escaped;
                continue;
            }
            if (std::string_view(".\\\"();@$").find(static_cast<char>(octet)) !=
                std::string_view::npos) {
                text.push_back('\\');
            }
            text.push_back(static_cast<char>(octet));
        }
        text.push_back('.');
    }
    return text;
}

bool operator==(NameView a, NameView b) {
    if (a.wire_.size() != b.wire_.size()) return false;
    if (is_identical(a, b)) return true;
    // Length octets are below 64 and so unchanged by lower().
    for (std::size_t i = 0; i < a.wire_.size(); ++i) {
        if (a.wire_[i] != b.wire_[i] && lower(a.wire_[i]) != lower(b.wire_[i])) return false;
    }
    return true;
}

int compare_canonical(NameView a, NameView b) {
    const BytesView left = a.wire(), right = b.wire();
    const auto compare_labels = [](const Byte* x, const Byte* y) {
        const std::size_t length = std::min(*x, *y);
        for (std::size_t k = 1; k <= length; ++k) {
            if (x[k] == y[k]) continue;
            const int order = int(lower(x[k])) - int(lower(y[k]));
            if (order != 0) return order;
        }
        return int(*x) - int(*y);
    };
    // Names side by side in a zone mostly have the same parent.
    if (equal(a.parent().wire(), b.parent().wire())) {
        return compare_labels(left.data(), right.data());
    }
    const LabelOffsets in_left(left), in_right(right);
    const std::size_t shared = std::min(in_left.count, in_right.count);
    for (std::size_t i = 1; i <= shared; ++i) {
        const int order = compare_labels(&left[in_left.offset[in_left.count - i]],
                                         &right[in_right.offset[in_right.count - i]]);
        if (order != 0) return order;
    }
    return int(in_left.count) - int(in_right.count);
}

void append_canonical_key(NameView name, Bytes& key) {
    const BytesView wire = name.wire();
    const LabelOffsets labels(wire);
    const std::size_t before = key.size();
    key.resize(before + 2 * wire.size());
    Byte* to = key.data() + before;
    for (std::size_t i = labels.count; i-- > 0;) {
        const Byte* from = &wire[labels.offset[i]];
        const Byte* const end = from + *from + 1;
        while (++from != end) {
            const Byte octet = lower(*from);
            // 0 ends a label, so octets 0 and 1 are written as 1 1 and 1 2.
            if (octet <= 1) *to++ = 1;
            *to++ = octet <= 1 ? static_cast<Byte>(octet + 1) : octet;
        }
        *to++ = 0;
    }
    key.resize(static_cast<std::size_t>(to - key.data()));
}

void append_lower(NameView name, Bytes& target) {
    for (const Byte octet : name.wire()) target.push_back(lower(octet));
}

std::size_t hash_ignoring_case(NameView name) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const Byte octet : name.wire()) hash = (hash ^ lower(octet)) * 0x100000001b3U;
    return hash ^ hash >> 29;
}

std::size_t name_octets(BytesView octets, std::size_t start) {
    std::size_t at = start;
    while (at < octets.size() && octets[at] <= max_label_octets) {
        const std::size_t length = octets[at];
        at += length + 1;
        if (at - start > max_name_octets) return 0;
        if (length == 0) return at - start;
    }
    return 0;
}

Result<Name> Name::from_text(std::string_view text, NameView origin) {
    if (text.empty()) return malformed("a domain name was expected, got nothing");
    if (text == ".") return Name();
    if (text == "@") return Name(origin);
    const auto quoted = [&] { return '"' + std::string(text) + '"'; };
    std::string wire(1, '\0');
    std::size_t length_at = 0;
    bool is_absolute = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char octet = text[i];
        if (octet == '.') {
            if (wire.size() == length_at + 1)
                return malformed("empty label in the name " + quoted());
            if (i + 1 == text.size()) {
                is_absolute = true;
                break;
            }
            length_at = wire.size();
            wire.push_back('\0');
            continue;
        }
        // A quote or a blank that is meant has an escape.
        if (static_cast<Byte>(octet) <= ' ' || octet == '"') {
            return malformed("blank, quote or control character in the name " + quoted());
        }
        if (octet == '\\') {
            const auto digit = [&](std::size_t at) {
                return at < text.size() && text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : -1;
            };
            if (digit(i + 1) >= 0) {
                if (digit(i + 2) < 0 || digit(i + 3) < 0) {
                    return malformed("escape in the name " + quoted() + " needs three digits");
                }
                const int value = digit(i + 1) * 100 + digit(i + 2) * 10 + digit(i + 3);
                if (value > 255) return malformed("escape above 255 in the name " + quoted());
                octet = static_cast<char>(value);
                i += 3;
            } else if (i + 1 < text.size()) {
                octet = text[++i];
            } else {
                return malformed("the name " + quoted() + " ends within an escape");
            }
        }
        wire.push_back(octet);
        if (wire.size() - length_at - 1 > max_label_octets) {
            return malformed("label longer than 63 octets in the name " + quoted());
        }
        wire[length_at] = static_cast<char>(wire.size() - length_at - 1);
        if (wire.size() > max_name_octets) return malformed("name longer than 255 octets");
    }
    if (is_absolute) {
        wire.push_back('\0');
    } else {
        wire.append(as_text(origin.wire()));
    }
    if (wire.size() > max_name_octets) return malformed("name longer than 255 octets");
    Name name;
    name.wire_ = std::move(wire);
    return name;
}

Result<Name> Name::from_wire(BytesView octets) {
    const std::size_t size = name_octets(octets);
    if (size == 0) return malformed("name is cut, too long or compressed");
    if (size != octets.size()) return malformed("octets after a name");
    return Name(NameView::trust(octets));
}

Name Name::to_lower() const {
    Name name;
    name.wire_.clear();
    for (const char octet : wire_) {
        name.wire_.push_back(static_cast<char>(lower(static_cast<Byte>(octet))));
    }
    return name;
}

}  // namespace chorale::dns
