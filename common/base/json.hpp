// JSON in and out (RFC 8259), strict and bounded: duplicate names, comments, a
// byte order mark, text that is not UTF-8 and integers beyond 64 bits are errors.
// No exception leaves this room.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace chorale {

using Json = nlohmann::json;

// A value at the limit passes, one more does not.
struct JsonLimits {
    std::size_t depth = 32;          // nested arrays and objects
    std::size_t nodes = 50'000;      // values of any kind, the outermost too
    std::size_t string = 64 * 1024;  // decoded octets of a string or name
    std::size_t number_digits = 32;
};

// Errors: malformed (with the octet position) or limit.
Result<Json> parse_json(std::string_view text);
Result<Json> parse_json(std::string_view text, const JsonLimits& limits);

// Compact text; octets that are not UTF-8 become U+FFFD instead of an exception.
std::string to_json_text(const Json& document);

// Takes a JSON object apart, member by member. The first error sticks and names
// its member; values read after it are empty. finish() must be asked before any
// value is used: it also refuses members that nobody asked for.
//
//     ObjectReader reader(document, "zone");
//     const std::string name = reader.required_text("name");
//     const auto source = reader.optional_text("template");
//     if (const auto read = reader.finish(); !read) return problem(read.error());
class ObjectReader {
public:
    // `document` must outlive the reader; `where` begins every error message.
    ObjectReader(const Json& document, std::string where);

    std::string required_text(std::string_view member);
    std::optional<std::string> optional_text(std::string_view member);
    std::int64_t required_number(std::string_view member, std::int64_t least, std::int64_t most);
    std::optional<std::int64_t> optional_number(std::string_view member, std::int64_t least,
                                                std::int64_t most);
    bool required_boolean(std::string_view member);
    std::optional<bool> optional_boolean(std::string_view member);
    // At most `most` texts.
    std::vector<std::string> required_texts(std::string_view member, std::size_t most);
    std::optional<std::vector<std::string>> optional_texts(std::string_view member,
                                                           std::size_t most);
    // Nested values, to be read by another reader; null if absent or after an error.
    const Json* required_object(std::string_view member);
    const Json* optional_object(std::string_view member);
    const Json* required_array(std::string_view member, std::size_t most);
    const Json* optional_array(std::string_view member, std::size_t most);

    // A value of any kind; null if absent or after an error.
    const Json* optional_value(std::string_view member);

    // For rules beyond types: keeps the first error, "where: member: what".
    void refuse(std::string_view member, std::string_view what);
    // Lets unknown members pass, for documents that others may extend.
    void ignore_unknown_members() { ignores_unknown_ = true; }
    Result<void> finish();

private:
    const Json* take(std::string_view member, bool required);

    const Json& document_;
    std::string where_;
    std::vector<std::string> known_;
    std::optional<Error> error_;
    bool ignores_unknown_ = false;
};

}  // namespace chorale
