#include "common/http/message.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace chorale::http {

namespace {

struct MethodName {
    Method method;
    std::string_view text;
};

constexpr std::array method_names{
    MethodName{Method::get, "GET"},         MethodName{Method::head, "HEAD"},
    MethodName{Method::post, "POST"},       MethodName{Method::put, "PUT"},
    MethodName{Method::patch, "PATCH"},     MethodName{Method::delete_, "DELETE"},
    MethodName{Method::options, "OPTIONS"},
};

char to_lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

}  // namespace

std::string_view to_text(Method method) {
    for (const MethodName& name : method_names) {
        if (name.method == method) return name.text;
    }
    return "other";
}

Method method_from_text(std::string_view text) {
    for (const MethodName& name : method_names) {
        if (name.text == text) return name.method;
    }
    return Method::other;
}

bool is_mutating(Method method) {
    return method != Method::get && method != Method::head && method != Method::options;
}

std::optional<std::string_view> HeaderFields::find(std::string_view name) const {
    for (const Field& field : fields_) {
        if (equal_without_case(field.first, name)) return field.second;
    }
    return std::nullopt;
}

std::size_t HeaderFields::count(std::string_view name) const {
    const auto found = std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) {
        return equal_without_case(field.first, name);
    });
    return static_cast<std::size_t>(found);
}

std::optional<std::string_view> HttpRequest::query_value(std::string_view name) const {
    for (const auto& parameter : query) {
        if (parameter.first == name) return parameter.second;
    }
    return std::nullopt;
}

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto lead = static_cast<std::uint8_t>(text[at++]);
        if (lead < 0x80) continue;
        std::size_t more = 0;
        std::uint32_t least = 0;
        std::uint32_t point = 0;
        if ((lead & 0xE0) == 0xC0) {
            more = 1, least = 0x80, point = lead & 0x1F;
        } else if ((lead & 0xF0) == 0xE0) {
            more = 2, least = 0x800, point = lead & 0x0F;
        } else if ((lead & 0xF8) == 0xF0) {
            more = 3, least = 0x10000, point = lead & 0x07;
        } else {
            return false;
        }
        if (text.size() - at < more) return false;
        for (; more > 0; --more) {
            const auto next = static_cast<std::uint8_t>(text[at++]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    }
    return true;
}

}  // namespace chorale::http
