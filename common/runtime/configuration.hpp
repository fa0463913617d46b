// Configuration from TOML 1.0 by a table: the table says which sections and keys exist, of which
// type and bounds they are, and what they mean; reading, errors, sample file and manual come from
// it.
//
//     const Schema schema = {
//         {"dns", Occurs::once, "The DNS service.", {
//             {"listen", Type::addresses, required, "addresses for UDP and TCP",
//              {.most = 64, .port = 53}, R"(["127.0.0.1:5301"])"},
//             {"idle_timeout", Type::seconds, 10, "an idle TCP connection is closed", between(1,
//             600)},
//         }},
//         {"zone", Occurs::any, "A zone.", { {"name", Type::text, required, "its name"}, ... }},
//     };
//     auto tree = load_configuration(schema, "/etc/chorale/combiner.toml");
//     if (!tree) print(tree.error().to_text());
//     tree->section("dns").addresses("listen");
//
// Everything is checked before anything is used; unknown keys and sections are errors.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/instant.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace chorale::runtime {

// An IP address; IPv4 in the first four octets.
struct Address {
    bool is_ipv6 = false;
    std::array<Byte, 16> octets{};

    std::string to_text() const;
    friend bool operator==(const Address&, const Address&) = default;
};

struct SocketAddress {
    Address address;
    std::uint16_t port = 0;

    std::string to_text() const;  // 192.0.2.1:53 or [2001:db8::1]:53
    friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

struct Prefix {
    Address address;  // bits after the prefix are zero
    unsigned length = 0;

    // IPv4 addresses that come mapped into IPv6 (RFC 4291 2.5.5.2) count as IPv4.
    bool contains(const Address& other) const;
    std::string to_text() const;  // 192.0.2.0/24
    friend bool operator==(const Prefix&, const Prefix&) = default;
};

// Where to listen: an address with port, or a socket in the file system.
using Endpoint = std::variant<SocketAddress, std::string>;

// "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53"; without `default_port` the port
// must be given. Port 0 means any free port, for listening. Zone identifiers (%eth0) are malformed.
Result<SocketAddress> parse_socket_address(std::string_view text,
                                           std::optional<std::uint16_t> default_port = {});
// "192.0.2.0/24", "2001:db8::/32", or an address alone; set bits after the prefix are malformed.
Result<Prefix> parse_prefix(std::string_view text);

// ---- the table ---------------------------------------------------------------------------------

enum class Type {
    text,
    secret,  // text that is never shown; read with secret()
    integer,
    boolean,
    seconds,  // a number, fractions to a millisecond; read with duration()
    octets,   // a number, or text with KiB, MiB or GiB: "64 MiB"
    texts,    // list of text
    address,  // IP address with port, see Bounds::port
    addresses,
    endpoint,       // IP address with port, or "unix:/path"
    prefixes,       // list of IP prefixes
    path,           // text, not empty, without NUL; relative to nothing but the working directory
    enumeration,    // text, one of Bounds::words
    texts_by_name,  // a table with free keys: name = "text"
};

struct Required {};
struct Optional {};
inline constexpr Required required{};  // must be given
inline constexpr Optional optional{};  // may be left out and has then no value

// What a key is when it is left out. Lists: std::vector<std::string>; the rest as in TOML.
class Default {
public:
    using Any = std::variant<Required, Optional, bool, std::int64_t, double, std::string,
                             std::vector<std::string>>;
    Default(Required) : any_(Required{}) {}
    Default(Optional) : any_(Optional{}) {}
    Default(bool value) : any_(value) {}
    Default(int value) : any_(std::int64_t{value}) {}
    Default(std::int64_t value) : any_(value) {}
    Default(double value) : any_(value) {}
    Default(const char* value) : any_(std::string(value)) {}
    Default(std::string value) : any_(std::move(value)) {}
    Default(std::vector<std::string> values) : any_(std::move(values)) {}

    const Any& any() const { return any_; }
    bool is_required() const { return std::holds_alternative<Required>(any_); }
    bool has_value() const { return !is_required() && !std::holds_alternative<Optional>(any_); }

private:
    Any any_;
};

// A list as default: list({"127.0.0.1:5301"}).
inline Default list(std::vector<std::string> values) { return {std::move(values)}; }

struct Bounds {
    // Of the number (seconds as such, octets), or of the octets of a text, or of the list's length.
    std::optional<std::int64_t> least = {};
    std::optional<std::int64_t> most = {};
    std::vector<std::string> words = {};     // of an enumeration
    std::optional<std::uint16_t> port = {};  // of an address without port
};

inline Bounds between(std::int64_t least, std::int64_t most) { return {least, most, {}, {}}; }
inline Bounds at_least(std::int64_t least) { return {least, {}, {}, {}}; }
inline Bounds one_of(std::vector<std::string> words) { return {{}, {}, std::move(words), {}}; }
inline Bounds with_port(std::uint16_t port) { return {{}, {}, {}, port}; }

struct KeyRow {
    std::string name;
    Type type = Type::text;
    Default standard = required;
    std::string text;  // one line, no full stop
    Bounds bounds = {};
    std::string example = {};  // TOML value for the sample, where there is no default
};

enum class Occurs {
    once,          // [name]; if it is not in the file, it stands with its defaults
    at_most_once,  // [name], or not there
    any,           // [[name]], none to Schema's bound
};

struct SectionRow {
    std::string name;
    Occurs occurs = Occurs::once;
    std::string text;
    std::vector<KeyRow> keys = {};
    std::vector<SectionRow> sections = {};  // [name.inner] or [[name.inner]]
    std::size_t most = 100'000;             // of Occurs::any
};

using Schema = std::vector<SectionRow>;

// The same keys, all optional: for a section that may override what a template says.
std::vector<KeyRow> overriding(std::vector<KeyRow> keys);
// Rows one after another.
std::vector<KeyRow> joined(std::vector<KeyRow> first, const std::vector<KeyRow>& second);

// ---- what was read -----------------------------------------------------------------------------

struct Place {
    std::string file;
    std::size_t line = 0;  // from 1; 0 if the file could not be read
};

struct ConfigurationError {
    Place place;
    std::string key;   // "dns.listen"; empty for errors of syntax
    std::string text;  // "expected a number from 1 to 600, got 0"

    std::string to_text() const;  // "file:line: dns.listen: expected ..."
};

// At least one; at most most_errors are kept.
class ConfigurationErrors {
public:
    static constexpr std::size_t most_errors = 50;

    ConfigurationErrors() = default;
    explicit ConfigurationErrors(ConfigurationError error) { add(std::move(error)); }

    void add(ConfigurationError error);
    std::vector<ConfigurationError> all() const { return errors_; }
    bool empty() const { return errors_.empty(); }
    std::string to_text() const;  // one a line

private:
    std::vector<ConfigurationError> errors_;
};
[[noreturn]] void throw_exception_from_error(const ConfigurationErrors& errors,
                                             const boost::source_location& at);

// Values by key. A key that is not in the table, has another type or (without default) was not
// given is our mistake (assertion): ask has() for optional keys.
class Section {
public:
    bool has(std::string_view key) const;       // given, or has a default
    bool is_given(std::string_view key) const;  // stands in the file

    const std::string& text(std::string_view key) const;  // text, path, enumeration
    const Secret& secret(std::string_view key) const;
    std::int64_t integer(std::string_view key) const;
    bool boolean(std::string_view key) const;
    Duration duration(std::string_view key) const;
    std::uint64_t octets(std::string_view key) const;
    const std::vector<std::string>& texts(std::string_view key) const;
    const SocketAddress& address(std::string_view key) const;
    const std::vector<SocketAddress>& addresses(std::string_view key) const;
    const Endpoint& endpoint(std::string_view key) const;
    const std::vector<Prefix>& prefixes(std::string_view key) const;
    const std::map<std::string, std::string>& texts_by_name(std::string_view key) const;

    bool has_section(std::string_view name) const;
    const Section& section(std::string_view name) const;             // once, at_most_once
    std::span<const Section> sections(std::string_view name) const;  // any

    // Where it begins, where a key stands (the section, if it is not given); members of
    // texts_by_name have places of their own: place("groups.fast").
    const Place& place() const { return place_; }
    const Place& place(std::string_view key) const;
    // For checks that need more than one key: an error at that key.
    ConfigurationError error(std::string_view key, std::string text) const;

private:
    friend class ConfigurationReader;
    using Any =
        std::variant<std::monostate, bool, std::int64_t, std::uint64_t, Duration, std::string,
                     Secret, std::vector<std::string>, SocketAddress, std::vector<SocketAddress>,
                     Endpoint, std::vector<Prefix>, std::map<std::string, std::string>>;
    struct Entry {
        Any value;
        Place place;
        bool is_given = false;
    };
    template <class Wanted>
    const Wanted& get(std::string_view key) const;

    std::string name_;  // "dns", "catalog.groups"; empty for the file
    Place place_;
    std::map<std::string, Entry, std::less<>> entries_;
    std::map<std::string, std::vector<Section>, std::less<>> sections_;
};

// The file as a section without keys of its own.
using ConfigurationTree = Section;
using ConfigurationResult = boost::system::result<ConfigurationTree, ConfigurationErrors>;

ConfigurationResult parse_configuration(const Schema& schema, std::string_view toml,
                                        const std::string& file);
// Reads the file, at most 1 MiB.
ConfigurationResult load_configuration(const Schema& schema, const std::string& file);

// A file with every key and what it means; what has a default is commented out.
std::string print_sample(const Schema& schema);
// A Markdown table per section.
std::string print_reference(const Schema& schema);

}  // namespace chorale::runtime
