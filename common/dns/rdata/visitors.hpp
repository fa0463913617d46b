// The visitors that make one description of an RR type's fields serve for four
// things: reading and checking RDATA, writing it, printing and parsing its text.
//
// A type is a struct of views with
//     template <class Visitor> void fields(Visitor& visitor);   // in wire order
//     const char* fault() const;  // optional: a rule that no single field can hold
// Every visitor has the same functions, one for each form that a field can have;
// where they have a `field` argument, it names the field in errors.
#pragma once

#include <span>

#include "common/dns/name.hpp"
#include "common/dns/type.hpp"

namespace chorale::dns::rdata {

// A number with names, of which the first for a value is printed.
struct Token {
    std::uint8_t value;
    std::string_view name;
};

struct Fault {
    const char* field = nullptr;
    const char* reason = nullptr;
    explicit operator bool() const { return field != nullptr; }
};

// Wire to struct. The views refer to the RDATA. Sticky: after a fault the fields
// that follow stay as they are.
class FieldReader {
public:
    explicit FieldReader(BytesView rdata) : left_(rdata) {}

    void number(const char* field, std::uint8_t& value);
    void number(const char* field, std::uint16_t& value);
    void number(const char* field, std::uint32_t& value);
    // DNSSEC algorithm; printed as a number, parsed as number or mnemonic.
    void algorithm(const char* field, std::uint8_t& value) { number(field, value); }
    void token(const char* field, std::uint8_t& value, std::span<const Token>) {
        number(field, value);
    }
    // A duration in seconds; text may have units as in 1h30m.
    void seconds(const char* field, std::uint32_t& value) { number(field, value); }
    // Seconds since 1970 modulo 2^32; YYYYMMDDHHmmSS in text (RFC 4034 3.2).
    void time(const char* field, std::uint32_t& value) { number(field, value); }
    void type(const char* field, Type& value);
    void name(const char* field, NameView& value);
    void address4(const char* field, BytesView& value) { take(field, 4, value); }
    void address6(const char* field, BytesView& value) { take(field, 16, value); }
    // <character-string>: a length octet, then as many octets.
    void string(const char* field, BytesView& value);
    // The same, printed without quotes.
    void word(const char* field, BytesView& value) { string(field, value); }
    // The same, printed as hex, "-" if empty (RFC 5155 3.3).
    void short_hex(const char* field, BytesView& value) { string(field, value); }
    // The same, printed as base32hex.
    void short_base32hex(const char* field, BytesView& value) { string(field, value); }
    // All that is left, in one of these forms:
    void strings(const char* field, BytesView& value);         // <character-string>s, at least one
    void text(const char*, BytesView& value) { rest(value); }  // printed as one quoted string
    void hex(const char*, BytesView& value) { rest(value); }
    void base64(const char*, BytesView& value) { rest(value); }
    void types(const char* field, BytesView& value);               // RFC 4034 4.1.2
    void service_parameters(const char* field, BytesView& value);  // RFC 9460 2.2
    // One of some words, at the end or not, that only text has and parsing drops.
    void obsolete(std::span<const std::string_view>, bool) {}

    void fail(const char* field, const char* reason) {
        if (!fault_) fault_ = {field, reason};
    }
    // After the last field.
    const Fault& finish();

private:
    void take(const char* field, std::size_t count, BytesView& value);
    void rest(BytesView& value);
    BytesView left_;
    Fault fault_;
};

// Struct to wire.
class FieldWriter {
public:
    explicit FieldWriter(Bytes& target) : target_(target) {}

    void number(const char*, std::uint8_t value) { target_.push_back(value); }
    void number(const char*, std::uint16_t value);
    void number(const char*, std::uint32_t value);
    void algorithm(const char* field, std::uint8_t value) { number(field, value); }
    void token(const char* field, std::uint8_t value, std::span<const Token>) {
        number(field, value);
    }
    void seconds(const char* field, std::uint32_t value) { number(field, value); }
    void time(const char* field, std::uint32_t value) { number(field, value); }
    void type(const char* field, Type value) { number(field, std::uint16_t(value)); }
    void name(const char*, NameView value) { append(target_, value.wire()); }
    void address4(const char*, BytesView value) { append(target_, value); }
    void address6(const char*, BytesView value) { append(target_, value); }
    void string(const char*, BytesView value);  // at most 255 octets
    void word(const char* field, BytesView value) { string(field, value); }
    void short_hex(const char* field, BytesView value) { string(field, value); }
    void short_base32hex(const char* field, BytesView value) { string(field, value); }
    void strings(const char*, BytesView value) { append(target_, value); }
    void text(const char*, BytesView value) { append(target_, value); }
    void hex(const char*, BytesView value) { append(target_, value); }
    void base64(const char*, BytesView value) { append(target_, value); }
    void types(const char*, BytesView value) { append(target_, value); }
    void service_parameters(const char*, BytesView value) { append(target_, value); }
    void obsolete(std::span<const std::string_view>, bool) {}

private:
    Bytes& target_;
};

// Struct to text: fields with a space between them.
class FieldPrinter {
public:
    void number(const char*, std::uint32_t value) { add(std::to_string(value)); }
    void algorithm(const char* field, std::uint8_t value) { number(field, value); }
    void token(const char* field, std::uint8_t value, std::span<const Token> tokens);
    void seconds(const char* field, std::uint32_t value) { number(field, value); }
    void time(const char*, std::uint32_t value);
    void type(const char*, Type value) { add(to_text(value)); }
    void name(const char*, NameView value) { add(value.to_text()); }
    void address4(const char*, BytesView value);
    void address6(const char*, BytesView value);
    void string(const char*, BytesView value);
    void word(const char*, BytesView value) { add(as_text(value)); }
    void short_hex(const char*, BytesView value);
    void short_base32hex(const char*, BytesView value);
    void strings(const char*, BytesView value);
    void text(const char* field, BytesView value) { string(field, value); }
    void hex(const char*, BytesView value);
    void base64(const char*, BytesView value);
    void types(const char*, BytesView value);
    void service_parameters(const char*, BytesView value);
    void obsolete(std::span<const std::string_view>, bool) {}

    const std::string& result() const { return text_; }

private:
    void add(std::string_view field);
    std::string text_;
};

// Text to wire, field by field; what the fields have to be together is checked on
// the wire afterwards. The struct's members are not touched.
class FieldParser {
public:
    // Relative names are completed by `origin`; RDATA is appended to `target`.
    FieldParser(std::span<const std::string> tokens, NameView origin, Bytes& target)
        : tokens_(tokens), origin_(origin), target_(target) {}

    void number(const char* field, std::uint8_t&) { integer(field, 1); }
    void number(const char* field, std::uint16_t&) { integer(field, 2); }
    void number(const char* field, std::uint32_t&) { integer(field, 4); }
    void algorithm(const char* field, std::uint8_t&);
    void token(const char* field, std::uint8_t&, std::span<const Token> tokens);
    void seconds(const char* field, std::uint32_t&);
    void time(const char* field, std::uint32_t&);
    void type(const char* field, Type&);
    void name(const char* field, NameView&);
    void address4(const char* field, BytesView&);
    void address6(const char* field, BytesView&);
    void string(const char* field, BytesView&);
    void word(const char* field, BytesView& value) { string(field, value); }
    void short_hex(const char* field, BytesView&);
    void short_base32hex(const char* field, BytesView&);
    void strings(const char* field, BytesView&);
    void text(const char* field, BytesView&);
    void hex(const char* field, BytesView&);
    void base64(const char* field, BytesView&);
    void types(const char* field, BytesView&);
    void service_parameters(const char* field, BytesView&);
    // Drops the next token if it is one of `words` (any case) and either the very
    // last one (`at_end`) or followed by another.
    void obsolete(std::span<const std::string_view> words, bool at_end);

    // After the last field: no token may be left.
    Result<void> finish();

private:
    // The next token, or an empty one and an error.
    std::string_view next(const char* field);
    // The tokens that are left, as one.
    std::string rest();
    void integer(const char* field, unsigned octets);
    void integer_or_token(const char* field, std::span<const Token> tokens);
    void put(std::uint32_t value, unsigned octets);
    void put(const char* field, const Result<Bytes>& octets);
    void put_with_length(const char* field, const Result<Bytes>& octets);
    void fail(const char* field, const std::string& reason);
    std::span<const std::string> tokens_;
    NameView origin_;
    Bytes& target_;
    Result<void> outcome_ = success();
};

// The fault of RDATA as a T, and T itself in `value`.
template <class T>
Fault read_fields(BytesView rdata, T& value) {
    FieldReader reader(rdata);
    value.fields(reader);
    Fault fault = reader.finish();
    if constexpr (requires { value.fault(); }) {
        if (!fault && value.fault() != nullptr) fault = {"RDATA", value.fault()};
    }
    return fault;
}

// RDATA seen as a T, whose views refer to `rdata`. Error: malformed, names the field.
template <class T>
Result<T> view_as(BytesView rdata) {
    T value;
    const Fault fault = read_fields(rdata, value);
    if (fault) return malformed(std::string(fault.field) + ": " + fault.reason);
    return value;
}

// RDATA of a T.
template <class T>
Bytes to_rdata(T value) {
    Bytes octets;
    FieldWriter writer(octets);
    value.fields(writer);
    return octets;
}

}  // namespace chorale::dns::rdata
