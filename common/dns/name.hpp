// Domain names in uncompressed wire form (RFC 1035 3.1): case kept, compared
// without it (RFC 4343), ordered canonically (RFC 4034 6.1).
#pragma once

#include <algorithm>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale::dns {

inline constexpr std::size_t max_name_octets = 255;  // RFC 1035 3.1, root octet included
inline constexpr std::size_t max_label_octets = 63;

// A borrowed name: valid, uncompressed, ends with the root label. Made only
// from a Name or by code that has just checked the octets.
class NameView {
public:
    NameView();  // the root
    static NameView trust(BytesView wire) { return NameView(wire); }

    BytesView wire() const { return wire_; }
    bool is_root() const { return wire_.size() == 1; }
    // Without the root label.
    std::size_t label_count() const;
    // The name without its first label; the root's parent is the root.
    NameView parent() const;
    // The octets of the first label, without its length; empty for the root.
    BytesView first_label() const;
    bool is_at_or_below(NameView apex) const;
    // Presentation form (RFC 1035 5.1): absolute, special octets escaped.
    std::string to_text() const;

    // Case does not matter; see is_identical.
    friend bool operator==(NameView a, NameView b);

private:
    explicit NameView(BytesView wire) : wire_(wire) {}
    BytesView wire_;
};

// Octet for octet, case included.
inline bool is_identical(NameView a, NameView b) { return equal(a.wire(), b.wire()); }

// RFC 4034 6.1; <0, 0, >0.
int compare_canonical(NameView a, NameView b);

// A key whose octet-wise order is the canonical order of names: labels from the
// root down, lower case, each ended by 0. Appended to `key`.
void append_canonical_key(NameView name, Bytes& key);

// Copies with A-Z lowered (canonical form, RFC 4034 6.2), appended to `target`.
void append_lower(NameView name, Bytes& target);

std::size_t hash_ignoring_case(NameView name);

// Size of the uncompressed name that begins at `start`; 0 if there is none.
std::size_t name_octets(BytesView octets, std::size_t start = 0);

// An owned name.
class Name {
public:
    Name() : wire_(1, '\0') {}  // the root
    explicit Name(NameView view) : wire_(as_text(view.wire())) {}

    // Presentation form, with \DDD and \X escapes; a name without final dot is
    // completed by `origin`. Errors: malformed (says which label).
    static Result<Name> from_text(std::string_view text, NameView origin = NameView());
    // One uncompressed name that fills the octets exactly.
    static Result<Name> from_wire(BytesView octets);

    operator NameView() const { return view(); }
    NameView view() const { return NameView::trust(as_bytes(wire_)); }
    BytesView wire() const { return as_bytes(wire_); }
    std::string to_text() const { return view().to_text(); }
    Name to_lower() const;

    friend bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }

private:
    std::string wire_;
};

// For ordered and hashed containers.
struct CanonicalLess {
    using is_transparent = void;
    bool operator()(NameView a, NameView b) const { return compare_canonical(a, b) < 0; }
};
struct NameHash {
    using is_transparent = void;
    std::size_t operator()(NameView name) const { return hash_ignoring_case(name); }
};
struct NameEqual {
    using is_transparent = void;
    bool operator()(NameView a, NameView b) const { return a == b; }
};

}  // namespace chorale::dns
