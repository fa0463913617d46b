#include "common/runtime/configuration.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>
#include <tuple>

#include "common/base/encoding.hpp"
#include "common/runtime/configuration_types.hpp"
#include "common/runtime/files.hpp"

// Deep nesting is deep recursion, and no table of ours is deep.
#define TOML_MAX_NESTED_VALUES 32
#define TOML_EXCEPTIONS 0
#define TOML_UNRELEASED_FEATURES 0
// An assertion of toml++ 3.3 stands in front of the error it then reports properly ("[[#"), and a
// file that is read again must not stop the daemon. With NDEBUG it would be an assumption.
#define TOML_ASSERT(expression) static_assert(true)
#undef NDEBUG
#include <toml++/toml.h>

namespace chorale::runtime {
namespace {

constexpr std::size_t longest_quotation = 60;   // octets of a value in an error
constexpr std::size_t longest_complaint = 300;  // of the parser about syntax
constexpr std::size_t most_key_segments = 16;   // a.b.c has three

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

struct Obstacle {
    std::size_t line;
    std::string text;
};

// Looks for what toml++ 3.3 must not be given, in one pass that knows text, comments and the rest:
// - The parser and the destructor of its tables recurse once per segment of a dotted key, without
//   a bound of their own.
// - Its test for white space has undefined behaviour for some characters beyond ASCII (U+0140),
//   and it is made in text as well. Text can have them as \u0140, and comments as they are.
class ObstacleFinder {
public:
    explicit ObstacleFinder(std::string_view toml) : toml_(toml) {
        constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
        if (toml_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
    }

    std::optional<Obstacle> find() {
        std::size_t segments = 1;
        while (at_ < toml_.size() && !found_) {
            const char character = toml_[at_];
            if (character == '#') {
                at_ = std::min(toml_.find('\n', at_), toml_.size());
                continue;
            }
            if (character == '"' || character == '\'') {
                pass_text(character);
                continue;
            }
            if (character == '.' && ++segments > most_key_segments) {
                report("expected a key of at most " + std::to_string(most_key_segments) + " parts");
            }
            if (std::string_view("\n=[]{},").find(character) != std::string_view::npos) {
                segments = 1;
            }
            pass();
        }
        return found_;
    }

private:
    void report(std::string text) {
        if (!found_) found_ = Obstacle{line_, std::move(text)};
    }

    bool starts_with(std::string_view text) const { return toml_.substr(at_).starts_with(text); }

    // One octet that is not in a comment.
    void pass() {
        if (at_ == toml_.size()) return;
        if (static_cast<unsigned char>(toml_[at_]) >= 0x80) {
            report("expected ASCII outside of comments (text may have \\u0000 to \\uFFFF)");
        }
        if (toml_[at_] == '\n') ++line_;
        ++at_;
    }

    // From the opening quotes to behind the closing ones. Text that is not closed ends with the
    // line, or the file, and the parser says what is wrong.
    void pass_text(char quote) {
        const std::string three(3, quote);
        const bool is_long = starts_with(three);
        const std::string_view end = is_long ? std::string_view(three) : toml_.substr(at_, 1);
        at_ += end.size();
        while (at_ < toml_.size() && !starts_with(end)) {
            if (!is_long && toml_[at_] == '\n') return;
            const bool is_escape = quote == '"' && toml_[at_] == '\\';
            pass();
            if (is_escape && (is_long || !starts_with("\n"))) pass();
        }
        at_ = std::min(at_ + end.size(), toml_.size());
        // Text may end with one or two quotes of its own: """"one""""".
        for (int own = 0; is_long && own < 2 && starts_with(end.substr(0, 1)); ++own) ++at_;
    }

    std::string_view toml_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::optional<Obstacle> found_;
};

// How many letters have to be changed, inserted or removed.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

// ", did you mean ...", or what there is.
std::string advice(std::string_view unknown, const std::vector<std::string>& known) {
    const std::string* nearest = nullptr;
    std::size_t least = std::max<std::size_t>(2, unknown.size() / 3) + 1;
    for (const std::string& name : known) {
        const std::size_t steps =
            unknown.size() > 2 * name.size() ? least : distance(unknown, name);
        if (steps < least) {
            least = steps;
            nearest = &name;
        }
    }
    if (nearest != nullptr) return "did you mean \"" + *nearest + "\"?";
    std::string all = "known are:";
    for (const std::string& name : known) all += ' ' + name;
    return all;
}

// ---- from TOML to a value of a row -------------------------------------------------------------

// What stands in the file or in the table as default, before it is given a type.
struct Other {
    std::string what;
};
using Given = std::variant<Other, bool, std::int64_t, double, std::string, std::vector<std::string>,
                           std::map<std::string, std::string>>;

struct Mismatch {
    std::string text;                         // "expected ..., got ..."
    std::optional<std::size_t> element = {};  // which one of a list
};

// Printable ASCII of bounded length, as file and parser may have anything to say.
std::string printable(std::string_view text, std::size_t longest, bool is_quoted = false) {
    std::string result;
    for (const char character : text.substr(0, longest)) {
        const auto octet = static_cast<unsigned char>(character);
        if (octet < 0x20 || octet >= 0x7f) {
            result += "\\x" + to_hex(BytesView(&octet, 1));
        } else {
            if (is_quoted && (character == '"' || character == '\\')) result.push_back('\\');
            result.push_back(character);
        }
    }
    if (text.size() > longest) result += "...";
    return result;
}

std::string quoted(std::string_view text) {
    return '"' + printable(text, longest_quotation, true) + '"';
}

std::string number_text(double number) {
    std::string text = std::to_string(number);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.push_back('0');
    return text;
}

std::string describe(const Given& given) {
    struct Visitor {
        std::string operator()(const Other& other) const { return other.what; }
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(double number) const { return number_text(number); }
        std::string operator()(const std::string& text) const { return quoted(text); }
        std::string operator()(const std::vector<std::string>& texts) const {
            return "a list of " + std::to_string(texts.size());
        }
        std::string operator()(const std::map<std::string, std::string>&) const {
            return "a table";
        }
    };
    return std::visit(Visitor{}, given);
}

std::string describe(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "text";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a number with a fraction";
        case toml::node_type::boolean: return "true or false";
        default: return "a date or time";
    }
}

// Lists and tables are taken only if all in them is text; else it says what else there is.
Given given_in(const toml::node& node) {
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* array = node.as_array()) {
        std::vector<std::string> texts;
        for (const toml::node& element : *array) {
            const auto* text = element.as_string();
            if (text == nullptr) return Other{"a list with " + describe(element) + " in it"};
            texts.push_back(text->get());
        }
        return texts;
    }
    if (const auto* table = node.as_table()) {
        std::map<std::string, std::string> texts;
        for (const auto& [key, element] : *table) {
            const auto* text = element.as_string();
            if (text == nullptr) return Other{"a table with " + describe(element) + " in it"};
            texts.emplace(std::string(key.str()), text->get());
        }
        return texts;
    }
    return Other{describe(node)};
}

Given given_in(const Default& standard) {
    struct Visitor {
        Given operator()(Required) const { return Other{"nothing"}; }
        Given operator()(Optional) const { return Other{"nothing"}; }
        Given operator()(bool value) const { return value; }
        Given operator()(std::int64_t value) const { return value; }
        Given operator()(double value) const { return value; }
        Given operator()(const std::string& value) const { return value; }
        Given operator()(const std::vector<std::string>& values) const { return values; }
    };
    return std::visit(Visitor{}, standard.any());
}

std::optional<std::uint64_t> parse_octets(std::string_view text) {
    constexpr std::pair<std::string_view, unsigned> units[] = {
        {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    for (const auto& [unit, shift] : units) {
        if (!text.ends_with(unit)) continue;
        text.remove_suffix(unit.size());
        while (text.ends_with(' ')) text.remove_suffix(1);
        const auto number = parse_decimal<std::uint64_t>(
            text, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) >> shift);
        if (!number) return std::nullopt;
        return *number << shift;
    }
    return std::nullopt;
}

bool is_within(const Bounds& bounds, std::int64_t number) {
    return number >= bounds.least.value_or(number) && number <= bounds.most.value_or(number);
}

}  // namespace

// Gives a value the type and checks the bounds of its row.
class ConfigurationReader {
public:
    explicit ConfigurationReader(std::string file) : file_(std::move(file)) {}

    ConfigurationResult read(const Schema& schema, std::string_view text);

private:
    using Any = Section::Any;

    Section read_section(const SectionRow& row, const toml::table* table, std::string name,
                         std::size_t line);
    void read_key(const KeyRow& row, const toml::node* node, Section& section);
    void read_inner(const SectionRow& row, const toml::node* node, Section& section);
    void report_unknown(const SectionRow& row, const toml::table& table, const Section& section);
    std::variant<Any, Mismatch> convert(const KeyRow& row, const Given& given) const;
    std::variant<Any, Mismatch> convert_texts(const KeyRow& row,
                                              const std::vector<std::string>& texts) const;

    Place at(std::size_t line) const { return {file_, line}; }
    void report(std::size_t line, std::string key, std::string text) {
        found_.push_back({at(line), std::move(key), std::move(text)});
    }

    std::string file_;
    std::vector<ConfigurationError> found_;
};

namespace {

std::string joined_name(const std::string& outer, std::string_view inner) {
    return outer.empty() ? std::string(inner) : outer + '.' + std::string(inner);
}

}  // namespace

ConfigurationResult ConfigurationReader::read(const Schema& schema, std::string_view text) {
    if (auto obstacle = ObstacleFinder(text).find()) {
        return ConfigurationErrors({at(obstacle->line), "", std::move(obstacle->text)});
    }
    const toml::parse_result parsed = toml::parse(text, file_);
    if (!parsed) {
        return ConfigurationErrors({at(parsed.error().source().begin.line), "",
                                    printable(parsed.error().description(), longest_complaint)});
    }
    const SectionRow whole{"", Occurs::once, "", {}, schema};
    Section tree = read_section(whole, &parsed.table(), "", 1);
    if (found_.empty()) return tree;
    std::sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
        return std::tie(a.place.line, a.key) < std::tie(b.place.line, b.key);
    });
    ConfigurationErrors errors;
    for (auto& error : found_) errors.add(std::move(error));
    return errors;
}

Section ConfigurationReader::read_section(const SectionRow& row, const toml::table* table,
                                          std::string name, std::size_t line) {
    Section section;
    section.name_ = std::move(name);
    section.place_ = at(line);
    if (table != nullptr) report_unknown(row, *table, section);
    for (const KeyRow& key : row.keys) {
        read_key(key, table == nullptr ? nullptr : table->get(key.name), section);
    }
    for (const SectionRow& inner : row.sections) {
        read_inner(inner, table == nullptr ? nullptr : table->get(inner.name), section);
    }
    return section;
}

void ConfigurationReader::report_unknown(const SectionRow& row, const toml::table& table,
                                         const Section& section) {
    std::vector<std::string> known;
    for (const KeyRow& key : row.keys) known.push_back(key.name);
    for (const SectionRow& inner : row.sections) known.push_back(inner.name);
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const char* what = node.is_table() || node.is_array_of_tables() ? "section" : "key";
        const std::string shown = printable(name, longest_quotation);
        report(key.source().begin.line, joined_name(section.name_, shown),
               std::string("unknown ") + what + ", " + advice(name, known));
    }
}

void ConfigurationReader::read_key(const KeyRow& row, const toml::node* node, Section& section) {
    const std::string name = joined_name(section.name_, row.name);
    if (node == nullptr && row.standard.is_required()) {
        report(section.place_.line, name, "expected " + expectation(row) + ", got nothing");
    }
    if (node == nullptr && !row.standard.has_value()) return;

    auto value = convert(row, node == nullptr ? given_in(row.standard) : given_in(*node));
    if (auto* mismatch = std::get_if<Mismatch>(&value)) {
        assert(node != nullptr);  // else the default breaks the row's own bounds
        std::size_t line = line_of(*node);
        if (const auto* array = node->as_array(); array != nullptr && mismatch->element) {
            line = line_of(*array->get(*mismatch->element));
        }
        report(line, name, std::move(mismatch->text));
        return;
    }
    section.entries_.emplace(
        row.name,
        Section::Entry{std::move(std::get<Any>(value)),
                       node == nullptr ? section.place_ : at(line_of(*node)), node != nullptr});
    if (row.type != Type::texts_by_name || node == nullptr) return;
    for (const auto& [key, element] : *node->as_table()) {
        section.entries_.emplace(row.name + '.' + std::string(key.str()),
                                 Section::Entry{{}, at(line_of(element)), true});
    }
}

void ConfigurationReader::read_inner(const SectionRow& row, const toml::node* node,
                                     Section& section) {
    const std::string name = joined_name(section.name_, row.name);
    auto& inner = section.sections_[row.name];
    if (row.occurs == Occurs::any) {
        if (node == nullptr) return;
        const auto* array = node->as_array();
        if (array == nullptr) {
            report(line_of(*node), name,
                   "expected sections [[" + name + "]], got " + describe(*node));
            return;
        }
        if (array->size() > row.most) {
            report(line_of(*node), name,
                   "expected at most " + std::to_string(row.most) + " sections, got " +
                       std::to_string(array->size()));
            return;
        }
        for (const toml::node& element : *array) {
            if (const auto* table = element.as_table()) {
                inner.push_back(read_section(row, table, name, line_of(element)));
            } else {
                report(line_of(element), name,
                       "expected sections [[" + name + "]], got a list with " + describe(element));
            }
        }
        return;
    }
    if (node == nullptr) {
        if (row.occurs == Occurs::once) {
            inner.push_back(read_section(row, nullptr, name, section.place_.line));
        }
        return;
    }
    const auto* table = node->as_table();
    if (table == nullptr) {
        report(line_of(*node), name,
               "expected a section [" + name + "], got " +
                   (node->is_array_of_tables() ? "[[" + name + "]]" : describe(*node)));
        return;
    }
    inner.push_back(read_section(row, table, name, line_of(*node)));
}

std::variant<Section::Any, Mismatch> ConfigurationReader::convert(const KeyRow& row,
                                                                  const Given& given) const {
    const bool is_secret = row.type == Type::secret;
    const Mismatch mismatch{"expected " + expectation(row) + ", got " +
                            (is_secret && std::holds_alternative<std::string>(given)
                                 ? "text of another length"
                                 : describe(given))};
    const auto* text = std::get_if<std::string>(&given);
    const auto* number = std::get_if<std::int64_t>(&given);
    switch (row.type) {
        case Type::boolean:
            if (const auto* flag = std::get_if<bool>(&given)) return Any(*flag);
            break;
        case Type::integer:
            if (number != nullptr && is_within(row.bounds, *number)) return Any(*number);
            break;
        case Type::seconds: {
            const auto* fraction = std::get_if<double>(&given);
            if (number == nullptr && fraction == nullptr) break;
            const double seconds = number != nullptr ? static_cast<double>(*number) : *fraction;
            const auto least = static_cast<double>(row.bounds.least.value_or(0));
            const auto most = static_cast<double>(row.bounds.most.value_or(longest_seconds));
            // Written so that "not a number" fails.
            if (!(seconds >= least && seconds <= most)) break;
            return Any(Duration(std::llround(seconds * 1000)));
        }
        case Type::octets: {
            std::optional<std::uint64_t> octets;
            if (number != nullptr && *number >= 0) octets = static_cast<std::uint64_t>(*number);
            if (text != nullptr) octets = parse_octets(*text);
            if (!octets || !is_within(row.bounds, static_cast<std::int64_t>(*octets))) break;
            return Any(*octets);
        }
        case Type::text:
        case Type::secret:
        case Type::path: {
            if (text == nullptr) break;
            if (!is_within(row.bounds, static_cast<std::int64_t>(text->size()))) break;
            if (is_secret) return Any(Secret(to_bytes(as_bytes(*text))));
            if (row.type == Type::path &&
                (text->empty() || text->find('\0') != std::string::npos)) {
                break;
            }
            return Any(*text);
        }
        case Type::enumeration: {
            if (text == nullptr) break;
            const auto& words = row.bounds.words;
            if (std::find(words.begin(), words.end(), *text) == words.end()) break;
            return Any(*text);
        }
        case Type::address: {
            if (text == nullptr) break;
            const auto address = parse_socket_address(*text, row.bounds.port);
            if (!address) break;
            return Any(*address);
        }
        case Type::endpoint: {
            if (text == nullptr) break;
            constexpr std::string_view unix_prefix = "unix:";
            if (text->starts_with(unix_prefix)) {
                std::string path = text->substr(unix_prefix.size());
                const bool is_path = !path.empty() && path.size() <= longest_socket_path &&
                                     path.find('\0') == std::string::npos;
                if (!is_path) break;
                return Any(Endpoint(std::move(path)));
            }
            const auto address = parse_socket_address(*text, row.bounds.port);
            if (!address) break;
            return Any(Endpoint(*address));
        }
        case Type::texts:
        case Type::addresses:
        case Type::prefixes: {
            const auto* texts = std::get_if<std::vector<std::string>>(&given);
            if (texts == nullptr) break;
            if (!is_within(row.bounds, static_cast<std::int64_t>(texts->size()))) break;
            return convert_texts(row, *texts);
        }
        case Type::texts_by_name: {
            const auto* texts = std::get_if<std::map<std::string, std::string>>(&given);
            if (texts == nullptr) break;
            if (!is_within(row.bounds, static_cast<std::int64_t>(texts->size()))) break;
            return Any(*texts);
        }
    }
    return mismatch;
}

std::variant<Section::Any, Mismatch> ConfigurationReader::convert_texts(
    const KeyRow& row, const std::vector<std::string>& texts) const {
    if (row.type == Type::texts) return Any(texts);
    std::vector<SocketAddress> addresses;
    std::vector<Prefix> prefixes;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        std::optional<Error> wrong;
        if (row.type == Type::addresses) {
            auto address = parse_socket_address(texts[i], row.bounds.port);
            if (address) {
                addresses.push_back(*address);
            } else {
                wrong = address.error();
            }
        } else {
            auto prefix = parse_prefix(texts[i]);
            if (prefix) {
                prefixes.push_back(*prefix);
            } else {
                wrong = prefix.error();
            }
        }
        if (wrong) return Mismatch{wrong->message() + ", got " + quoted(texts[i]), i};
    }
    if (row.type == Type::addresses) return Any(std::move(addresses));
    return Any(std::move(prefixes));
}

ConfigurationResult parse_configuration(const Schema& schema, std::string_view toml,
                                        const std::string& file) {
    return ConfigurationReader(file).read(schema, toml);
}

ConfigurationResult load_configuration(const Schema& schema, const std::string& file) {
    const auto text = read_text_file(file);
    if (!text) {
        // The place says which file already.
        std::string reason = text.error().message();
        if (reason.starts_with(file + ": ")) reason.erase(0, file.size() + 2);
        return ConfigurationErrors({{file, 0}, "", std::move(reason)});
    }
    return parse_configuration(schema, *text, file);
}

// ---- errors ------------------------------------------------------------------------------------

std::string ConfigurationError::to_text() const {
    std::string text_of_it = place.file + ':';
    if (place.line > 0) text_of_it += std::to_string(place.line) + ':';
    text_of_it.push_back(' ');
    if (!key.empty()) text_of_it += key + ": ";
    return text_of_it + text;
}

void ConfigurationErrors::add(ConfigurationError error) {
    if (errors_.size() < most_errors) errors_.push_back(std::move(error));
}

std::string ConfigurationErrors::to_text() const {
    std::string text;
    for (const auto& error : errors_) text += error.to_text() + '\n';
    return text;
}

void throw_exception_from_error(const ConfigurationErrors& errors,
                                const boost::source_location& at) {
    throw std::logic_error(at.to_string() + ": " + errors.to_text());
}

// ---- what was read -----------------------------------------------------------------------------

template <class Wanted>
const Wanted& Section::get(std::string_view key) const {
    const auto entry = entries_.find(key);
    assert(entry != entries_.end());
    const auto* value = std::get_if<Wanted>(&entry->second.value);
    assert(value != nullptr);
    return *value;
}

bool Section::has(std::string_view key) const { return entries_.contains(key); }

bool Section::is_given(std::string_view key) const {
    const auto entry = entries_.find(key);
    return entry != entries_.end() && entry->second.is_given;
}

const std::string& Section::text(std::string_view key) const { return get<std::string>(key); }
const Secret& Section::secret(std::string_view key) const { return get<Secret>(key); }
std::int64_t Section::integer(std::string_view key) const { return get<std::int64_t>(key); }
bool Section::boolean(std::string_view key) const { return get<bool>(key); }
Duration Section::duration(std::string_view key) const { return get<Duration>(key); }
std::uint64_t Section::octets(std::string_view key) const { return get<std::uint64_t>(key); }
const std::vector<std::string>& Section::texts(std::string_view key) const {
    return get<std::vector<std::string>>(key);
}
const SocketAddress& Section::address(std::string_view key) const {
    return get<SocketAddress>(key);
}
const std::vector<SocketAddress>& Section::addresses(std::string_view key) const {
    return get<std::vector<SocketAddress>>(key);
}
const Endpoint& Section::endpoint(std::string_view key) const { return get<Endpoint>(key); }
const std::vector<Prefix>& Section::prefixes(std::string_view key) const {
    return get<std::vector<Prefix>>(key);
}
const std::map<std::string, std::string>& Section::texts_by_name(std::string_view key) const {
    return get<std::map<std::string, std::string>>(key);
}

bool Section::has_section(std::string_view name) const {
    const auto found = sections_.find(name);
    assert(found != sections_.end());
    return !found->second.empty();
}

const Section& Section::section(std::string_view name) const {
    assert(has_section(name));
    return sections_.find(name)->second.front();
}

std::span<const Section> Section::sections(std::string_view name) const {
    const auto found = sections_.find(name);
    assert(found != sections_.end());
    return found->second;
}

const Place& Section::place(std::string_view key) const {
    const auto entry = entries_.find(key);
    return entry == entries_.end() ? place_ : entry->second.place;
}

ConfigurationError Section::error(std::string_view key, std::string text) const {
    return {place(key), joined_name(name_, printable(key, longest_quotation)), std::move(text)};
}

std::vector<KeyRow> overriding(std::vector<KeyRow> keys) {
    for (KeyRow& key : keys) key.standard = optional;
    return keys;
}

std::vector<KeyRow> joined(std::vector<KeyRow> first, const std::vector<KeyRow>& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace chorale::runtime
