#include "common/base/json.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace chorale {

namespace {

bool is_number_octet(char octet) {
    return (octet >= '0' && octet <= '9') || octet == '.' || octet == 'e' || octet == 'E' ||
           octet == '+' || octet == '-';
}

// What the library lets pass or finds out too late: a NUL ends its input early,
// it skips a byte order mark, and it converts a number before anybody can count
// its digits.
Result<void> check_octets(std::string_view text, const JsonLimits& limits) {
    if (text.starts_with("\xEF\xBB\xBF")) {
        return malformed("JSON: begins with a byte order mark (RFC 8259 8.1)");
    }
    if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
        return malformed("JSON: NUL at octet " + std::to_string(at));
    }
    bool in_string = false;
    std::size_t digits = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char octet = text[at];
        if (in_string) {
            if (octet == '\\') ++at;
            if (octet == '"') in_string = false;
            continue;
        }
        in_string = octet == '"';
        if (!is_number_octet(octet)) {
            digits = 0;
        } else if (octet >= '0' && octet <= '9' && ++digits > limits.number_digits) {
            return Error(ErrorKind::limit, "JSON: a number of more than " +
                                               std::to_string(limits.number_digits) +
                                               " digits at octet " + std::to_string(at));
        }
    }
    return success();
}

// Receives the library's parse events and builds the document within the bounds.
class BoundedBuilder final : public nlohmann::json_sax<Json> {
public:
    explicit BoundedBuilder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(std::int64_t value) override { return add(value); }
    bool number_unsigned(std::uint64_t value) override { return add(value); }
    bool number_float(double value, const std::string& text) override {
        // The library falls back to a double, which would change the value silently.
        if (text.find_first_of(".eE") == std::string::npos) {
            return fail(ErrorKind::limit, "an integer beyond 64 bits");
        }
        return add(value);
    }
    bool string(std::string& value) override {
        if (value.size() > limits_.string) {
            return fail(ErrorKind::limit,
                        "a string of more than " + std::to_string(limits_.string) + " octets");
        }
        return add(std::move(value));
    }
    bool binary(Json::binary_t&) override {
        return fail(ErrorKind::malformed, "binary value");  // has no form in JSON text
    }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(std::string& name) override {
        if (name.size() > limits_.string) {
            return fail(ErrorKind::limit,
                        "a name of more than " + std::to_string(limits_.string) + " octets");
        }
        // RFC 8259 4 leaves duplicates open, and two readers may take different ones.
        if (open_.back()->contains(name)) {
            return fail(ErrorKind::malformed, "duplicate name \"" + name + '"');
        }
        name_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
        return fail(ErrorKind::malformed, "unexpected input at octet " + std::to_string(position));
    }

    Result<Json> take() {
        if (error_) return *error_;
        return std::move(document_);
    }

private:
    bool add(Json value) { return place(std::move(value)) != nullptr; }

    bool open(Json container) {
        if (open_.size() >= limits_.depth) {
            return fail(ErrorKind::limit,
                        "nested deeper than " + std::to_string(limits_.depth) + " levels");
        }
        Json* placed = place(std::move(container));
        if (placed != nullptr) open_.push_back(placed);
        return placed != nullptr;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    // Pointers in open_ stay good: a container gets no sibling while it is open.
    Json* place(Json value) {
        if (++nodes_ > limits_.nodes) {
            fail(ErrorKind::limit, "more than " + std::to_string(limits_.nodes) + " values");
            return nullptr;
        }
        if (open_.empty()) {
            document_ = std::move(value);
            return &document_;
        }
        Json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[name_] = std::move(value));
    }

    bool fail(ErrorKind kind, const std::string& what) {
        if (!error_) error_ = Error(kind, "JSON: " + what);
        return false;
    }

    const JsonLimits& limits_;
    Json document_;
    std::vector<Json*> open_;
    std::string name_;
    std::size_t nodes_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) { return parse_json(text, JsonLimits{}); }

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (const auto checked = check_octets(text, limits); !checked) return checked.error();
    BoundedBuilder builder(limits);
    Json::sax_parse(text.begin(), text.end(), &builder);
    return builder.take();
}

std::string to_json_text(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ObjectReader::ObjectReader(const Json& document, std::string where)
    : document_(document), where_(std::move(where)) {
    if (!document_.is_object()) error_ = malformed(where_ + ": expected an object");
}

std::string ObjectReader::required_text(std::string_view member) {
    const Json* value = take(member, true);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get_ref<const std::string&>();
    refuse(member, "expected a string");
    return {};
}

std::optional<std::string> ObjectReader::optional_text(std::string_view member) {
    const Json* value = take(member, false);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get_ref<const std::string&>();
    refuse(member, "expected a string");
    return std::nullopt;
}

std::int64_t ObjectReader::required_number(std::string_view member, std::int64_t least,
                                           std::int64_t most) {
    const auto value = optional_number(member, least, most);
    if (!value) refuse(member, "is missing");
    return value.value_or(0);
}

std::optional<std::int64_t> ObjectReader::optional_number(std::string_view member,
                                                          std::int64_t least, std::int64_t most) {
    const Json* value = take(member, false);
    if (value == nullptr) return std::nullopt;
    // Unsigned values beyond the signed range compare as such, not wrapped.
    const bool fits = value->is_number_unsigned()
                          ? std::in_range<std::int64_t>(value->get<std::uint64_t>())
                          : value->is_number_integer();
    if (fits && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most) {
        return value->get<std::int64_t>();
    }
    refuse(member,
           "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

bool ObjectReader::required_boolean(std::string_view member) {
    const auto value = optional_boolean(member);
    if (!value) refuse(member, "is missing");
    return value.value_or(false);
}

std::optional<bool> ObjectReader::optional_boolean(std::string_view member) {
    const Json* value = take(member, false);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    refuse(member, "expected true or false");
    return std::nullopt;
}

std::vector<std::string> ObjectReader::required_texts(std::string_view member, std::size_t most) {
    auto value = optional_texts(member, most);
    if (!value) refuse(member, "is missing");
    return std::move(value).value_or(std::vector<std::string>());
}

std::optional<std::vector<std::string>> ObjectReader::optional_texts(std::string_view member,
                                                                     std::size_t most) {
    const Json* array = optional_array(member, most);
    if (array == nullptr) return std::nullopt;
    std::vector<std::string> texts;
    for (const Json& value : *array) {
        if (!value.is_string()) {
            refuse(member, "expected strings only");
            return std::nullopt;
        }
        texts.push_back(value.get_ref<const std::string&>());
    }
    return texts;
}

const Json* ObjectReader::required_object(std::string_view member) {
    const Json* value = optional_object(member);
    if (value == nullptr) refuse(member, "is missing");
    return value;
}

const Json* ObjectReader::optional_object(std::string_view member) {
    const Json* value = take(member, false);
    if (value == nullptr || value->is_object()) return value;
    refuse(member, "expected an object");
    return nullptr;
}

const Json* ObjectReader::required_array(std::string_view member, std::size_t most) {
    const Json* value = optional_array(member, most);
    if (value == nullptr) refuse(member, "is missing");
    return value;
}

const Json* ObjectReader::optional_array(std::string_view member, std::size_t most) {
    const Json* value = take(member, false);
    if (value == nullptr) return nullptr;
    if (value->is_array() && value->size() <= most) return value;
    refuse(member, "expected an array of at most " + std::to_string(most) + " values");
    return nullptr;
}

const Json* ObjectReader::optional_value(std::string_view member) { return take(member, false); }

void ObjectReader::refuse(std::string_view member, std::string_view what) {
    if (error_) return;
    error_ = malformed(where_ + ": " + std::string(member) + ": " + std::string(what));
}

// Unknown members are errors: mass assignment and misspelt optional members.
Result<void> ObjectReader::finish() {
    if (!error_ && !ignores_unknown_) {
        for (const auto& member : document_.items()) {
            if (std::find(known_.begin(), known_.end(), member.key()) == known_.end()) {
                refuse(member.key(), "unknown member");
                break;
            }
        }
    }
    if (error_) return *error_;
    return success();
}

const Json* ObjectReader::take(std::string_view member, bool required) {
    known_.emplace_back(member);
    if (error_) return nullptr;
    const auto found = document_.find(member);
    if (found != document_.end()) return &*found;
    if (required) refuse(member, "is missing");
    return nullptr;
}

}  // namespace chorale
