// What the table of configuration says to people: expectations, sample file, reference.
#include <algorithm>
#include <cmath>

#include "common/runtime/configuration_types.hpp"

namespace chorale::runtime {
namespace {

// " from 1 to 600", " of at least 1", or nothing.
std::string range(const Bounds& bounds, const char* unit = "") {
    const std::string end = *unit == '\0' ? "" : std::string(" ") + unit;
    if (bounds.least && bounds.most) {
        return " from " + std::to_string(*bounds.least) + " to " + std::to_string(*bounds.most) +
               end;
    }
    if (bounds.least) return " of at least " + std::to_string(*bounds.least) + end;
    if (bounds.most) return " of at most " + std::to_string(*bounds.most) + end;
    return "";
}

std::string length(const Bounds& bounds) {
    const std::string text = range(bounds, "octets");
    return text.empty() ? text : " with a length" + text;
}

// "a list of 1 to 64", "a list of at most 64", "a list of".
std::string list_of(const Bounds& bounds, const char* what) {
    std::string text = "a list of ";
    if (bounds.least && bounds.most) {
        text += std::to_string(*bounds.least) + " to " + std::to_string(*bounds.most) + ' ';
    } else if (bounds.least) {
        text += "at least " + std::to_string(*bounds.least) + ' ';
    } else if (bounds.most) {
        text += "at most " + std::to_string(*bounds.most) + ' ';
    }
    return text + what;
}

std::string port(const Bounds& bounds) {
    return bounds.port ? " (port " + std::to_string(*bounds.port) + " if omitted)" : "";
}

std::string toml_text(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result = "\"";
    for (const char character : text) {
        const auto octet = static_cast<unsigned char>(character);
        if (octet < 0x20 || octet == 0x7f) {
            result += "\\u00";
            result.push_back(digits[octet >> 4U]);
            result.push_back(digits[octet & 0xFU]);
        } else {
            if (character == '"' || character == '\\') result.push_back('\\');
            result.push_back(character);
        }
    }
    return result + '"';
}

std::string toml_number(double number) {
    std::string text = std::to_string(number);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.push_back('0');
    return text;
}

// A default as it would stand in the file; empty if there is none.
std::string toml_value(const Default& standard) {
    struct Visitor {
        std::string operator()(Required) const { return ""; }
        std::string operator()(Optional) const { return ""; }
        std::string operator()(bool value) const { return value ? "true" : "false"; }
        std::string operator()(std::int64_t value) const { return std::to_string(value); }
        std::string operator()(double value) const { return toml_number(value); }
        std::string operator()(const std::string& value) const { return toml_text(value); }
        std::string operator()(const std::vector<std::string>& values) const {
            std::string text = "[";
            for (const std::string& value : values) {
                if (text.size() > 1) text += ", ";
                text += toml_text(value);
            }
            return text + ']';
        }
    };
    return std::visit(Visitor{}, standard.any());
}

// Octets are easier to read with a unit.
std::string toml_value(const KeyRow& row) {
    const auto* number = std::get_if<std::int64_t>(&row.standard.any());
    if (row.type == Type::octets && number != nullptr && *number > 0) {
        constexpr std::pair<unsigned, const char*> units[] = {
            {30, " GiB"}, {20, " MiB"}, {10, " KiB"}};
        for (const auto& [shift, unit] : units) {
            if (*number % (std::int64_t{1} << shift) == 0) {
                return '"' + std::to_string(*number >> shift) + unit + '"';
            }
        }
    }
    return toml_value(row.standard);
}

// Where neither a default nor an example says what it might be.
std::string placeholder(const KeyRow& row) {
    const auto number = std::to_string(row.bounds.least.value_or(row.bounds.most.value_or(1)));
    switch (row.type) {
        case Type::boolean: return "false";
        case Type::integer:
        case Type::seconds:
        case Type::octets: return number;
        case Type::texts: return R"(["..."])";
        case Type::address:
        case Type::endpoint: return R"("192.0.2.1:53")";
        case Type::addresses: return R"(["192.0.2.1:53"])";
        case Type::prefixes: return R"(["192.0.2.0/24"])";
        case Type::enumeration:
            return row.bounds.words.empty() ? R"("")" : toml_text(row.bounds.words.front());
        case Type::texts_by_name: return R"({ name = "..." })";
        case Type::text:
        case Type::secret:
        case Type::path: break;
    }
    return R"("...")";
}

std::string header(const SectionRow& row, const std::string& name) {
    return row.occurs == Occurs::any ? "[[" + name + "]]" : '[' + name + ']';
}

// A comment is "# text", a setting that is switched off "#key = value".
void print_section(const SectionRow& row, const std::string& name, bool is_on, std::string& text) {
    if (!text.empty()) text.push_back('\n');
    text += "# " + row.text + '\n';
    is_on = is_on && row.occurs == Occurs::once;
    text += (is_on ? "" : "#") + header(row, name) + '\n';
    for (const KeyRow& key : row.keys) {
        text += "# " + key.text + ": " + expectation(key);
        if (key.standard.is_required()) {
            text += "; required";
        } else if (!key.standard.has_value()) {
            text += "; optional";
        }
        text.push_back('\n');
        std::string value = key.example;
        if (key.standard.has_value()) value = toml_value(key);
        if (value.empty()) value = placeholder(key);
        const bool is_setting = is_on && key.standard.is_required();
        text += (is_setting ? "" : "#") + key.name + " = " + value + '\n';
    }
    for (const SectionRow& inner : row.sections) {
        print_section(inner, name + '.' + inner.name, is_on, text);
    }
}

std::string markdown(std::string_view text) {
    std::string result;
    for (const char character : text) {
        if (character == '|') result.push_back('\\');
        result.push_back(character);
    }
    return result;
}

void print_table(const SectionRow& row, const std::string& name, std::string& text) {
    if (!text.empty()) text.push_back('\n');
    text += "### `" + header(row, name) + "`\n\n" + row.text;
    if (row.occurs == Occurs::at_most_once) text += " This section may be left out.";
    if (row.occurs == Occurs::any) text += " There may be any number of these sections.";
    text += "\n";
    if (!row.keys.empty()) text += "\n| key | default | value | meaning |\n|---|---|---|---|\n";
    for (const KeyRow& key : row.keys) {
        std::string standard = '`' + toml_value(key) + '`';
        if (key.standard.is_required()) standard = "required";
        if (!key.standard.is_required() && !key.standard.has_value()) standard = "none";
        text += "| `" + key.name + "` | " + markdown(standard) + " | " +
                markdown(expectation(key)) + " | " + markdown(key.text) + " |\n";
    }
    for (const SectionRow& inner : row.sections) {
        print_table(inner, name + '.' + inner.name, text);
    }
}

}  // namespace

std::string expectation(const KeyRow& row) {
    const Bounds& bounds = row.bounds;
    switch (row.type) {
        case Type::text: return "text" + length(bounds);
        case Type::secret: return "secret text" + length(bounds);
        case Type::integer: return "an integer" + range(bounds);
        case Type::boolean: return "true or false";
        case Type::seconds: return "a number of seconds" + range(bounds);
        case Type::octets: return "a number of octets" + range(bounds) + " (or text as \"64 MiB\")";
        case Type::texts: return list_of(bounds, "texts");
        case Type::address: return "an IP address with port" + port(bounds);
        case Type::addresses: return list_of(bounds, "IP addresses with port") + port(bounds);
        case Type::endpoint: return "an IP address with port" + port(bounds) + " or \"unix:/path\"";
        case Type::prefixes: return list_of(bounds, "IP prefixes");
        case Type::path: return "a path" + length(bounds);
        case Type::texts_by_name: return "a table of name = \"text\"";
        case Type::enumeration: break;
    }
    std::string text = "one of";
    for (std::size_t i = 0; i < bounds.words.size(); ++i) {
        text += (i == 0 ? " \"" : ", \"") + bounds.words[i] + '"';
    }
    return text;
}

std::string print_sample(const Schema& schema) {
    std::string text;
    for (const SectionRow& row : schema) print_section(row, row.name, true, text);
    return text;
}

std::string print_reference(const Schema& schema) {
    std::string text;
    for (const SectionRow& row : schema) print_table(row, row.name, text);
    return text;
}

}  // namespace chorale::runtime
