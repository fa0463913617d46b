#include "common/dns/rdata/service_parameters.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <map>
#include <optional>

#include "common/base/encoding.hpp"
#include "common/dns/rdata/tokens.hpp"
#include "common/dns/wire.hpp"

namespace chorale::dns::rdata {
namespace {

// RFC 9460 14.3.2, RFC 9461 5, RFC 9540 4.
enum Key : std::uint16_t {
    mandatory = 0,
    alpn = 1,
    no_default_alpn = 2,
    port = 3,
    ipv4hint = 4,
    ech = 5,
    ipv6hint = 6,
    dohpath = 7,
    ohttp = 8,
};
constexpr std::string_view names[] = {"mandatory", "alpn",     "no-default-alpn",
                                      "port",      "ipv4hint", "ech",
                                      "ipv6hint",  "dohpath",  "ohttp"};

const char* value_fault(std::uint16_t key, BytesView value) {
    switch (key) {
        case alpn: {
            if (value.empty()) return "alpn without an identifier";
            WireReader reader(value);
            while (!reader.at_end()) {
                const std::size_t length = reader.u8();
                if (length == 0) return "alpn with an empty identifier";
                reader.skip(length);
            }
            return reader.failed() ? "alpn with an identifier cut short" : nullptr;
        }
        case no_default_alpn: return value.empty() ? nullptr : "no-default-alpn with a value";
        case port: return value.size() == 2 ? nullptr : "port of other than 2 octets";
        case ipv4hint:
            return !value.empty() && value.size() % 4 == 0
                       ? nullptr
                       : "ipv4hint that is no list of addresses";
        case ech: return value.empty() ? "empty ech" : nullptr;
        case ipv6hint:
            return !value.empty() && value.size() % 16 == 0
                       ? nullptr
                       : "ipv6hint that is no list of addresses";
        case dohpath: return value.empty() ? "empty dohpath" : nullptr;
        case ohttp: return value.empty() ? nullptr : "ohttp with a value";
        default: return nullptr;
    }
}

// RFC 9460 8: keys ascending, unique, without "mandatory" itself.
const char* mandatory_fault(BytesView value) {
    if (value.empty() || value.size() % 2 != 0) return "mandatory that is no list of keys";
    WireReader reader(value);
    int previous = mandatory;
    while (!reader.at_end()) {
        const int key = reader.u16();
        if (key <= previous) return "mandatory whose keys are not ascending, or that names itself";
        previous = key;
    }
    return nullptr;
}

std::string key_to_text(std::uint16_t key) {
    return key < std::size(names) ? std::string(names[key]) : "key" + std::to_string(key);
}

Result<std::uint16_t> key_from_text(std::string_view text) {
    for (std::size_t key = 0; key < std::size(names); ++key) {
        if (is_same_word(text, names[key])) return static_cast<std::uint16_t>(key);
    }
    if (text.size() > 3 && is_same_word(text.substr(0, 3), "key")) {
        const std::string_view digits = text.substr(3);
        const auto key = parse_decimal<std::uint16_t>(digits);
        if (key && (digits.size() == 1 || digits[0] != '0')) return *key;
    }
    return malformed('"' + std::string(text) + "\" is no service parameter key");
}

template <class Each>
std::string join(Each each) {
    std::string text;
    while (const auto item = each()) {
        if (!text.empty()) text.push_back(',');
        text += *item;
    }
    return text;
}

std::string address_to_text(int family, BytesView address) {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(family, address.data(), text, sizeof text);
}

std::string value_to_text(std::uint16_t key, BytesView value) {
    WireReader reader(value);
    using Item = std::optional<std::string>;
    switch (key) {
        case mandatory:
            return join([&]() -> Item {
                if (reader.at_end()) return std::nullopt;
                return key_to_text(reader.u16());
            });
        case alpn: {
            const std::string list = join([&]() -> Item {
                if (reader.at_end()) return std::nullopt;
                std::string item;
                for (const char octet : as_text(reader.octets(reader.u8()))) {
                    if (octet == ',' || octet == '\\') item.push_back('\\');  // RFC 9460 A.1
                    item.push_back(octet);
                }
                return item;
            });
            return quote(as_bytes(list));
        }
        case port: return std::to_string(reader.u16());
        case ipv4hint:
            return join([&]() -> Item {
                if (reader.at_end()) return std::nullopt;
                return address_to_text(AF_INET, reader.octets(4));
            });
        case ech: return to_base64(value);
        case ipv6hint:
            return join([&]() -> Item {
                if (reader.at_end()) return std::nullopt;
                return address_to_text(AF_INET6, reader.octets(16));
            });
        default: return quote(value);
    }
}

// RFC 9460 A.1: items between commas; \, and \\ within an item.
Result<std::vector<std::string>> split_list(BytesView value) {
    std::vector<std::string> items(1);
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == ',') {
            items.emplace_back();
            continue;
        }
        if (value[i] == '\\' && (++i == value.size() || (value[i] != ',' && value[i] != '\\'))) {
            return malformed("stray escape in a list");
        }
        items.back().push_back(static_cast<char>(value[i]));
    }
    return items;
}

Result<Bytes> value_from_text(std::uint16_t key, std::string_view token) {
    const Result<Bytes> decoded = decode_string(token);
    if (!decoded) return decoded;
    Bytes value;
    WireWriter writer(value);
    if (key == port) {
        const auto number = parse_decimal<std::uint16_t>(as_text(*decoded));
        if (!number) return number.error();
        writer.u16(*number);
        return value;
    }
    if (key == ech) return from_base64(as_text(*decoded));
    if (key != mandatory && key != alpn && key != ipv4hint && key != ipv6hint) return decoded;

    const auto items = split_list(*decoded);
    if (!items) return items.error();
    std::vector<std::uint16_t> keys;
    for (const std::string& item : *items) {
        if (key == mandatory) {
            const auto named = key_from_text(item);
            if (!named) return named.error();
            keys.push_back(*named);
        } else if (key == alpn) {
            if (item.empty() || item.size() > 255)
                return malformed("identifier of 1 to 255 octets expected");
            writer.u8(static_cast<std::uint8_t>(item.size()));
            writer.octets(as_bytes(item));
        } else {
            Byte address[16];
            const bool is_4 = key == ipv4hint;
            if (inet_pton(is_4 ? AF_INET : AF_INET6, item.c_str(), address) != 1 ||
                item.find('\0') != std::string::npos) {
                return malformed('"' + item + "\" is no address");
            }
            writer.octets({address, is_4 ? std::size_t{4} : std::size_t{16}});
        }
    }
    std::ranges::sort(keys);
    for (const std::uint16_t named : keys) writer.u16(named);
    return value;
}

}  // namespace

const char* service_parameters_fault(BytesView parameters) {
    WireReader reader(parameters);
    BytesView required;  // what is left of the mandatory keys
    int previous = -1;
    bool has_alpn = false;
    while (!reader.at_end()) {
        const std::uint16_t key = reader.u16();
        const BytesView value = reader.octets(reader.u16());
        if (reader.failed()) return "parameter cut short";
        if (int(key) <= previous) return "keys not in ascending order";
        previous = key;
        if (key == mandatory) {
            if (const char* fault = mandatory_fault(value)) return fault;
            required = value;
            continue;
        }
        if (const char* fault = value_fault(key, value)) return fault;
        has_alpn |= key == alpn;
        if (key == no_default_alpn && !has_alpn) return "no-default-alpn without alpn";
        if (!required.empty()) {
            const int wanted = required[0] << 8 | required[1];
            if (key > wanted) return "mandatory key that is missing";
            if (key == wanted) required = required.subspan(2);
        }
    }
    if (reader.failed()) return "parameter cut short";
    return required.empty() ? nullptr : "mandatory key that is missing";
}

std::string service_parameters_to_text(BytesView parameters) {
    std::string text;
    WireReader reader(parameters);
    while (!reader.at_end()) {
        const std::uint16_t key = reader.u16();
        const BytesView value = reader.octets(reader.u16());
        if (!text.empty()) text.push_back(' ');
        text += key_to_text(key);
        if (!value.empty()) text += '=' + value_to_text(key, value);
    }
    return text;
}

Result<Bytes> service_parameters_from_text(std::span<const std::string> tokens) {
    std::map<std::uint16_t, Bytes> values;
    for (const std::string& token : tokens) {
        const std::size_t equals = token.find('=');
        const std::string_view name = std::string_view(token).substr(0, equals);
        const auto key = key_from_text(name);
        if (!key) return key.error();
        Bytes value;
        if (equals != std::string::npos) {
            auto parsed = value_from_text(*key, std::string_view(token).substr(equals + 1));
            if (!parsed) return parsed.error().in(name);
            value = std::move(*parsed);
        }
        if (value.size() > 0xffff) return malformed(std::string(name) + ": value too long");
        if (!values.emplace(*key, std::move(value)).second) {
            return malformed(std::string(name) + ": given twice");
        }
    }
    Bytes parameters;
    WireWriter writer(parameters);
    for (const auto& [key, value] : values) {
        writer.u16(key);
        writer.u16(static_cast<std::uint16_t>(value.size()));
        writer.octets(value);
    }
    return parameters;
}

}  // namespace chorale::dns::rdata
