#include "common/dns/text.hpp"

#include <optional>

#include "common/base/encoding.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/rdata/tokens.hpp"

namespace chorale::dns {
namespace {

constexpr std::uint32_t max_ttl = 0x7fffffff;  // RFC 2181 8

// One entry of a zone file (RFC 1035 5.1): a directive or a record, over several
// lines if parentheses say so.
struct Entry {
    std::vector<std::string> tokens;
    bool begins_blank = false;  // the owner is that of the entry before
    std::size_t line = 1;       // where it begins
};

class EntryReader {
public:
    explicit EntryReader(std::string_view text) : text_(text) {}

    // The next entry that is not empty; none at the end.
    Result<std::optional<Entry>> next() {
        while (at_ < text_.size()) {
            auto entry = read_entry();
            if (!entry) return entry.error();
            if (!entry->tokens.empty()) return std::optional(std::move(*entry));
        }
        return std::optional<Entry>();
    }
    std::size_t line() const { return line_; }

private:
    Result<Entry> read_entry() {
        Entry entry;
        entry.line = line_;
        entry.begins_blank = text_[at_] == ' ' || text_[at_] == '\t';
        std::size_t depth = 0;
        while (at_ < text_.size()) {
            const char character = text_[at_];
            if (character == '\n') {
                ++at_;
                ++line_;
                if (depth == 0) return entry;
            } else if (character == ' ' || character == '\t' || character == '\r') {
                ++at_;
            } else if (character == ';') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (character == '(') {
                ++at_;
                ++depth;
            } else if (character == ')') {
                if (depth == 0) return malformed("closing parenthesis without an opening one");
                ++at_;
                --depth;
            } else {
                auto token = read_token();
                if (!token) return token.error();
                entry.tokens.push_back(std::move(*token));
            }
        }
        if (depth != 0) return malformed("open parenthesis");
        return entry;
    }

    // From a character that is not blank; quotes and escapes stay as they are.
    Result<std::string> read_token() {
        const std::size_t start = at_;
        bool in_quotes = false;
        for (; at_ < text_.size(); ++at_) {
            const char character = text_[at_];
            if (character == '\n') break;
            if (character == '\\') {
                if (at_ + 1 == text_.size() || text_[at_ + 1] == '\n') {
                    return malformed("escape without a character");
                }
                ++at_;
            } else if (character == '"') {
                in_quotes = !in_quotes;
                // A quoted string ends here; in key="value" (RFC 9460 2.1) as well.
                if (!in_quotes) {
                    ++at_;
                    break;
                }
            } else if (!in_quotes &&
                       std::string_view(" \t\r;()").find(character) != std::string_view::npos) {
                break;
            }
        }
        if (in_quotes) return malformed("open quote");
        return std::string(text_.substr(start, at_ - start));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

std::optional<Class> class_from_text(std::string_view text) {
    for (const Class klass : {Class::IN, Class::CH, Class::HS, Class::NONE, Class::ANY}) {
        if (rdata::is_same_word(text, to_text(klass))) return klass;
    }
    if (text.size() > 5 && rdata::is_same_word(text.substr(0, 5), "CLASS")) {
        const auto number = parse_decimal<std::uint16_t>(text.substr(5));
        if (number) return Class(*number);
    }
    return std::nullopt;
}

Result<std::uint32_t> ttl_from_text(std::string_view text) {
    const auto ttl = rdata::parse_seconds(text);
    if (ttl && *ttl > max_ttl) return malformed("TTL above 2147483647 (RFC 2181 8)");
    return ttl;
}

// What follows the owner: [ttl] [class] type rdata, the first two in any order.
Result<Record> read_record(Name owner, std::span<const std::string> tokens, NameView origin,
                           std::uint32_t default_ttl) {
    Record record;
    record.owner = std::move(owner);
    record.ttl = default_ttl;
    bool has_ttl = false;
    bool has_class = false;
    while (!tokens.empty()) {
        const std::string& token = tokens.front();
        if (!has_ttl && token[0] >= '0' && token[0] <= '9') {
            const auto ttl = ttl_from_text(token);
            if (!ttl) return ttl.error();
            record.ttl = *ttl;
            has_ttl = true;
        } else if (const auto klass = class_from_text(token);
                   klass && !has_class && tokens.size() > 1) {  // ANY is a type too
            record.klass = *klass;
            has_class = true;
        } else {
            break;
        }
        tokens = tokens.subspan(1);
    }
    if (tokens.empty()) return malformed("an RR type was expected");
    const auto type = type_from_text(tokens.front());
    if (!type) return type.error();
    record.type = *type;
    tokens = tokens.subspan(1);
    // RFC 2136 2.4, 2.5: in UPDATE such records need no RDATA.
    const bool may_be_empty = record.klass == Class::ANY || record.klass == Class::NONE;
    if (may_be_empty && tokens.empty()) return record;
    auto octets = rdata_from_text(record.type, tokens, origin);
    if (!octets) return octets.error();
    record.rdata = std::move(*octets);
    return record;
}

}  // namespace

std::string to_text(const RecordView& record) {
    std::string text = record.owner.to_text() + ' ' + std::to_string(record.ttl) + ' ' +
                       to_text(record.klass) + ' ' + to_text(record.type);
    const bool may_be_empty = record.klass == Class::ANY || record.klass == Class::NONE;
    if (may_be_empty && record.rdata.empty()) return text;
    return text + ' ' + rdata_to_text(record.type, record.rdata);
}

Result<std::vector<std::string>> split_tokens(std::string_view line) {
    EntryReader reader(line);
    auto entry = reader.next();
    if (!entry) return entry.error();
    if (!*entry) return std::vector<std::string>();
    const auto more = reader.next();
    if (!more) return more.error();
    if (*more) return malformed("more than one line");
    return std::move((*entry)->tokens);
}

Result<Record> record_from_text(std::string_view line, NameView origin, std::uint32_t default_ttl) {
    const auto tokens = split_tokens(line);
    if (!tokens) return tokens.error();
    if (tokens->empty()) return malformed("a record was expected, got nothing");
    auto owner = Name::from_text(tokens->front(), origin);
    if (!owner) return owner.error();
    return read_record(std::move(*owner), std::span(*tokens).subspan(1), origin, default_ttl);
}

namespace {

// The state that the entries of a zone file share.
struct ZoneText {
    Name origin;
    std::uint32_t default_ttl;
    std::optional<Name> owner;
    std::vector<Record> records;

    Result<void> directive(const Entry& entry) {
        const std::string& word = entry.tokens[0];
        if (entry.tokens.size() != 2) return malformed(word + " needs one argument");
        if (rdata::is_same_word(word, "$ORIGIN")) {
            auto name = Name::from_text(entry.tokens[1], origin);
            if (!name) return name.error();
            origin = std::move(*name);
        } else if (rdata::is_same_word(word, "$TTL")) {
            const auto ttl = ttl_from_text(entry.tokens[1]);
            if (!ttl) return ttl.error();
            default_ttl = *ttl;
        } else {
            return malformed("the directive " + word + " is not known");
        }
        return success();
    }

    Result<void> record(const Entry& entry) {
        std::span<const std::string> tokens = entry.tokens;
        if (!entry.begins_blank) {
            auto name = Name::from_text(tokens[0], origin);
            if (!name) return name.error();
            owner = std::move(*name);
            tokens = tokens.subspan(1);
        }
        if (!owner) return malformed("record without an owner");
        auto read = read_record(*owner, tokens, origin, default_ttl);
        if (!read) return read.error();
        if (is_meta_type(read->type)) return malformed(to_text(read->type) + " is no type of data");
        records.push_back(std::move(*read));
        return success();
    }
};

}  // namespace

Result<std::vector<Record>> records_from_text(std::string_view text, NameView origin,
                                              std::uint32_t default_ttl) {
    EntryReader reader(text);
    ZoneText zone{Name(origin), default_ttl, std::nullopt, {}};
    while (true) {
        const auto entry = reader.next();
        if (!entry) return entry.error().in("line " + std::to_string(reader.line()));
        if (!*entry) return std::move(zone.records);
        const bool is_directive = !(*entry)->begins_blank && (*entry)->tokens[0][0] == '$';
        const Result<void> taken = is_directive ? zone.directive(**entry) : zone.record(**entry);
        if (!taken) return taken.error().in("line " + std::to_string((*entry)->line));
    }
}

}  // namespace chorale::dns
