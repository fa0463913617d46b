// 20,000 random UPDATEs, judged by a model that writes RFC 2136's pseudocode down
// as it stands there: a list of rows, no indexes, names as lower-case text.
#include <random>
#include <set>
#include <tuple>

#include "tests/support/catch.hpp"
#include "tests/unit/zone/update_support.hpp"

namespace chorale::zone {
namespace {

using namespace test;
using dns::Class;
using dns::Record;
using dns::Type;

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return text;
}

// ---------------------------------------------------------------- the model

struct Row {
    std::string owner;
    Type type;
    std::uint32_t ttl;
    std::string rdata;

    auto operator<=>(const Row&) const = default;
};

struct Model {
    std::vector<Row> rows;
    std::string apex = "zone.example.";
    std::map<std::string, int> events;  // which branches were taken

    static bool has_names(Type type) {
        return type == Type::NS || type == Type::CNAME || type == Type::SOA || type == Type::MX ||
               type == Type::DNAME;
    }

    static bool same(Type type, const std::string& a, const std::string& b) {
        return has_names(type) ? lower(a) == lower(b) : a == b;
    }

    // A name from `at` on; where it ends, or npos.
    static std::size_t after_name(const std::string& octets, std::size_t at) {
        while (at < octets.size()) {
            const auto length = static_cast<unsigned char>(octets[at]);
            at += length + 1U;
            if (length == 0) return at;
        }
        return std::string::npos;
    }

    static bool valid(Type type, const std::string& rdata) {
        switch (type) {
            case Type::A: return rdata.size() == 4;
            case Type::NS:
            case Type::CNAME:
            case Type::DNAME: return after_name(rdata, 0) == rdata.size();
            case Type::MX: return after_name(rdata, 2) == rdata.size();
            case Type::SOA: return after_name(rdata, after_name(rdata, 0)) + 20 == rdata.size();
            case Type::TXT: return !rdata.empty() && std::size_t(rdata[0]) + 1 == rdata.size();
            case Type::KEY: return rdata.size() > 4;
            default: return true;  // unknown, or nothing to be wrong in what we make
        }
    }

    bool in_zone(const std::string& owner) const {
        return owner == apex || owner.ends_with("." + apex);
    }

    static bool is_meta(Type type) {
        const unsigned code = unsigned(type);
        return code == 0 || code == 41 || (code >= 128 && code <= 255);
    }

    bool name_used(const std::string& owner) const {
        for (const Row& row : rows) {
            if (row.owner == owner) return true;
        }
        return false;
    }

    int count(const std::string& owner, Type type) const {
        int found = 0;
        for (const Row& row : rows) found += row.owner == owner && row.type == type;
        return found;
    }

    std::string prescan(const std::vector<Record>& updates) const {
        for (const Record& rr : updates) {
            const std::string rdata(as_text(rr.rdata));
            if (!in_zone(lower(rr.owner.to_text()))) return "NOTZONE";
            if (rr.klass == Class::IN) {
                if (is_meta(rr.type)) return "FORMERR";
                if (!valid(rr.type, rdata)) return "FORMERR";
            } else if (rr.klass == Class::ANY) {
                if (rr.ttl != 0 || !rdata.empty()) return "FORMERR";
                if (is_meta(rr.type) && rr.type != Type::ANY) return "FORMERR";
            } else if (rr.klass == Class::NONE) {
                if (rr.ttl != 0 || is_meta(rr.type)) return "FORMERR";
                if (!valid(rr.type, rdata)) return "FORMERR";
            } else {
                return "FORMERR";
            }
            if (rr.type == Type::NSEC || rr.type == Type::RRSIG) return "REFUSED";
        }
        return "NOERROR";
    }

    std::string prerequisites(const std::vector<Record>& list) const {
        std::set<std::pair<std::string, Type>> wanted_sets;
        std::vector<Row> wanted;
        for (const Record& rr : list) {
            const std::string owner = lower(rr.owner.to_text()), rdata(as_text(rr.rdata));
            if (rr.ttl != 0) return "FORMERR";
            if (!in_zone(owner)) return "NOTZONE";
            if (rr.klass == Class::ANY) {
                if (!rdata.empty()) return "FORMERR";
                if (rr.type == Type::ANY) {
                    if (!name_used(owner)) return "NXDOMAIN";
                } else {
                    if (count(owner, rr.type) == 0) return "NXRRSET";
                }
            } else if (rr.klass == Class::NONE) {
                if (!rdata.empty()) return "FORMERR";
                if (rr.type == Type::ANY) {
                    if (name_used(owner)) return "YXDOMAIN";
                } else {
                    if (count(owner, rr.type) != 0) return "YXRRSET";
                }
            } else if (rr.klass == Class::IN) {
                if (!valid(rr.type, rdata)) return "FORMERR";
                wanted_sets.insert({owner, rr.type});
                wanted.push_back({owner, rr.type, 0, rdata});
            } else {
                return "FORMERR";
            }
        }
        for (const auto& [owner, type] : wanted_sets) {
            const auto contains = [](const std::vector<Row>& in, const Row& row) {
                for (const Row& other : in) {
                    if (other.owner == row.owner && other.type == row.type &&
                        same(row.type, other.rdata, row.rdata)) {
                        return true;
                    }
                }
                return false;
            };
            for (const Row& row : wanted) {
                if (row.owner == owner && row.type == type && !contains(rows, row)) {
                    return "NXRRSET";
                }
            }
            for (const Row& row : rows) {
                if (row.owner == owner && row.type == type && !contains(wanted, row)) {
                    return "NXRRSET";
                }
            }
        }
        return "NOERROR";
    }

    static std::uint32_t serial(const std::string& soa) {
        std::uint32_t value = 0;
        for (std::size_t i = soa.size() - 20; i < soa.size() - 16; ++i) {
            value = value << 8 | static_cast<unsigned char>(soa[i]);
        }
        return value;
    }

    void add(const Row& rr) {
        for (const Row& row : rows) {
            const bool is_conflict = (rr.type == Type::CNAME) != (row.type == Type::CNAME) &&
                                     rr.type != Type::KEY && row.type != Type::KEY;
            if (row.owner == rr.owner && is_conflict) {
                ++events["CNAME conflict"];
                return;
            }
        }
        if (rr.type == Type::SOA) {
            bool is_newer = false;
            for (const Row& row : rows) {
                if (row.owner == rr.owner && row.type == Type::SOA) {
                    const std::int32_t apart =
                        static_cast<std::int32_t>(serial(rr.rdata) - serial(row.rdata));
                    is_newer = apart > 0;
                }
            }
            ++events[is_newer ? "SOA replaced" : "SOA ignored"];
            if (!is_newer) return;
        }
        bool is_placed = false;
        for (Row& row : rows) {
            if (row.owner != rr.owner || row.type != rr.type) continue;
            if (row.ttl != rr.ttl) ++events["TTL changed"];
            row.ttl = rr.ttl;  // RFC 2181 5.2
            if (rr.type == Type::CNAME || rr.type == Type::SOA || rr.type == Type::DNAME ||
                (rr.type == Type::WKS && row.rdata.substr(0, 5) == rr.rdata.substr(0, 5)) ||
                same(rr.type, row.rdata, rr.rdata)) {
                ++events[row.rdata == rr.rdata ? "duplicate" : "replaced"];
                row.rdata = rr.rdata;
                is_placed = true;
            }
        }
        if (!is_placed) {
            ++events["added"];
            rows.push_back(rr);
        }
    }

    template <class Condition>
    void erase(Condition condition) {
        const std::size_t erased = std::erase_if(rows, condition);
        ++events[erased == 0 ? "absent delete" : "deleted"];
    }

    void apply(const std::vector<Record>& updates) {
        for (const Record& rr : updates) {
            const std::string owner = lower(rr.owner.to_text()), rdata(as_text(rr.rdata));
            if (rr.klass == Class::IN) {
                add({owner, rr.type, rr.ttl, rdata});
            } else if (rr.klass == Class::ANY && rr.type == Type::ANY && owner == apex) {
                ++events["apex emptied"];
                erase([&](const Row& row) {
                    return row.owner == owner && row.type != Type::SOA && row.type != Type::NS;
                });
            } else if (rr.klass == Class::ANY && rr.type == Type::ANY) {
                erase([&](const Row& row) { return row.owner == owner; });
            } else if (rr.klass == Class::ANY) {
                if (owner == apex && (rr.type == Type::SOA || rr.type == Type::NS)) {
                    ++events["apex SOA or NS kept"];
                    continue;
                }
                erase([&](const Row& row) { return row.owner == owner && row.type == rr.type; });
            } else {
                const auto is_meant = [&](const Row& row) {
                    return row.owner == owner && row.type == rr.type &&
                           same(rr.type, row.rdata, rdata);
                };
                if (owner == apex && rr.type == Type::SOA) continue;
                if (owner == apex && rr.type == Type::NS && count(owner, rr.type) == 1) {
                    if (std::ranges::any_of(rows, is_meant)) ++events["last NS kept"];
                    continue;
                }
                erase(is_meant);
            }
        }
    }

    std::vector<Row> sorted() const {
        std::vector<Row> all = rows;
        std::ranges::sort(all);
        return all;
    }
};

// --------------------------------------------------------- random messages

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t count) { return std::size_t(engine_() % count); }
    bool once_in(std::size_t count) { return below(count) == 0; }
    template <class Container>
    auto& one_of(Container& choices) {
        return choices[below(std::size(choices))];
    }

private:
    std::mt19937_64 engine_;
};

const char* const owners[] = {"@", "@", "a", "A", "b", "a.b", "ZONE.Example."};
const char* const foreign_owners[] = {"example.", "azone.example.", "."};

struct Content {
    Type type;
    std::vector<std::string> rdatas;
};

std::string wire(std::string_view text) { return std::string(as_text(name(text).wire())); }

std::string soa(std::uint32_t serial) {
    Bytes octets;
    dns::WireWriter writer(octets);
    writer.name(name("ns"));
    writer.name(name("hm"));
    writer.u32(serial);
    for (int i = 0; i < 4; ++i) writer.u32(1);
    return std::string(as_text(octets));
}

const std::vector<Content>& contents() {
    using namespace std::string_literals;
    static const std::vector<Content> all = {
        {Type::A, {"\1\1\1\1", "\1\1\1\2", "\1\1\1\3"}},
        {Type::NS, {wire("ns1"), wire("NS1"), wire("ns2")}},
        {Type::NS, {wire("ns1"), wire("ns2")}},
        {Type::CNAME, {wire("a"), wire("b")}},
        {Type::SOA, {soa(1), soa(2), soa(0x80000001U), soa(0xfffffff0U)}},
        {Type::MX, {"\0\1"s + wire("a"), "\0\1"s + wire("A"), "\0\2"s + wire("a")}},
        {Type::TXT, {"\1a", "\1A"}},
        {Type::DNAME, {wire("x."), wire("y.")}},
        {Type::WKS, {"\1\1\1\1\6\1", "\1\1\1\1\6\2", "\1\1\1\1\7\1"}},
        {Type::KEY, {"\2\0\3\15key"s}},
        {Type(65280), {"", "\1", "aA", "aa"}},
    };
    return all;
}

// Something wrong now and then, in every way that has a code of its own.
Record random_update(Dice& dice) {
    const Content& content = dice.one_of(contents());
    Record rr;
    rr.owner = name(dice.once_in(40) ? dice.one_of(foreign_owners) : dice.one_of(owners));
    rr.type = content.type;
    switch (dice.below(5)) {
        case 0:
            rr.klass = Class::ANY;
            if (dice.once_in(4)) rr.type = Type::ANY;
            break;
        case 1:
            rr.klass = Class::NONE;
            rr.rdata = to_bytes(as_bytes(dice.one_of(content.rdatas)));
            break;
        default:
            rr.klass = Class::IN;
            rr.ttl = dice.once_in(3) ? 60 : 30;
            rr.rdata = to_bytes(as_bytes(dice.one_of(content.rdatas)));
    }
    if (dice.once_in(12)) {
        const dns::Name target = name(dice.once_in(2) ? "NS1" : "ns2");
        rr = {name("@"), Type::NS, Class::NONE, 0, to_bytes(target.wire())};
    }
    if (dice.once_in(100)) rr.ttl ^= 7;
    if (dice.once_in(100)) rr.rdata.push_back(1);
    if (dice.once_in(100)) rr.rdata.clear();
    if (dice.once_in(100)) rr.klass = Class::CH;
    if (dice.once_in(100)) rr.type = dice.once_in(2) ? Type::AXFR : Type::ANY;
    if (dice.once_in(100)) rr = {rr.owner, Type::NSEC, Class::ANY, 0, {}};
    return rr;
}

Record random_prerequisite(Dice& dice) {
    Record rr = random_update(dice);
    rr.ttl = dice.once_in(50) ? 1 : 0;
    if (rr.klass == Class::NONE) rr.rdata.clear();
    if (rr.klass != Class::IN && dice.once_in(3)) rr.type = Type::ANY;
    if (dice.once_in(5)) rr.owner = name("nowhere");
    return rr;
}

dns::Message random_message(Dice& dice, const Model& model) {
    dns::Message message = update_message({}, {});
    if (dice.once_in(50)) message.questions.clear();
    if (dice.once_in(50)) message.questions.push_back({name("@"), Type::SOA, Class::IN});
    for (dns::Question& question : message.questions) {
        if (dice.once_in(100)) question.type = Type::A;
        if (dice.once_in(100)) question.klass = Class::CH;
    }
    if (dice.once_in(2)) {
        for (std::size_t i = dice.below(3); i > 0; --i) {
            message.answers.push_back(random_prerequisite(dice));
        }
    } else if (!model.rows.empty()) {
        // A whole RRset, as it is or nearly so.
        const Row& row = dice.one_of(model.rows);
        for (const Row& other : model.rows) {
            if (other.owner != row.owner || other.type != row.type || dice.once_in(10)) continue;
            message.answers.push_back(
                {name(row.owner), row.type, Class::IN, 0, to_bytes(as_bytes(other.rdata))});
        }
    }
    for (std::size_t i = dice.below(6); i > 0; --i) {
        message.authority.push_back(random_update(dice));
    }
    return message;
}

// -------------------------------------------------------------- comparison

std::vector<Row> rows_of(const ZoneInMemory& zone) {
    std::vector<Row> rows;
    for (const char* owner : {"@", "a", "b", "a.b"}) {
        for (const dns::RRset& rrset : zone.find_all(name(owner))) {
            for (const Bytes& rdata : rrset.rdatas) {
                rows.push_back({lower(rrset.owner.to_text()), rrset.type, rrset.ttl,
                                std::string(as_text(rdata))});
            }
        }
    }
    std::ranges::sort(rows);
    return rows;
}

TEST_CASE("20,000 random UPDATEs do what RFC 2136's pseudocode does") {
    const std::uint64_t seed = 20260131;
    Dice dice(seed);
    std::map<std::string, int> rcodes;
    Model model;
    ZoneInMemory zone({});
    const auto begin_anew = [&] {
        const std::vector<Record> content =
            records({"@ 60 IN SOA ns hm 1 1 1 1 1", "@ 60 IN NS ns1", "b 60 IN CNAME a",
                     "a 60 IN A 1.1.1.1", "a 60 IN A 1.1.1.2"});
        zone = ZoneInMemory(content);
        model.rows = rows_of(zone);
    };

    for (int round = 0; round < 20000; ++round) {
        if (round % 200 == 0) begin_anew();
        const dns::Message message = random_message(dice, model);
        INFO("seed " << seed << ", round " << round);

        std::string expected = message.questions.size() != 1             ? "FORMERR"
                               : message.questions[0].type != Type::SOA  ? "FORMERR"
                               : message.questions[0].klass != Class::IN ? "NOTAUTH"
                                                                         : "NOERROR";
        if (expected == "NOERROR") expected = model.prescan(message.authority);
        if (expected == "NOERROR") expected = model.prerequisites(message.answers);

        UpdateRefusal refusal = check_zone_section(message);
        if (!refusal.is_refusal()) refusal = prescan(message, zone.apex());
        if (!refusal.is_refusal()) refusal = check_prerequisites(message, zone);
        INFO("our reason: " << refusal.reason);
        REQUIRE(to_text(refusal.rcode) == expected);
        ++rcodes[expected];
        if (refusal.is_refusal()) continue;

        const std::vector<Row> before = model.sorted();
        model.apply(message.authority);
        const std::vector<dns::RRset> changed = apply_update(message, zone);
        CHECK(changed.empty() == (model.sorted() == before));
        for (const dns::RRset& rrset : changed) {
            const dns::RRset present = zone.find(rrset.owner, rrset.type);
            REQUIRE((present.ttl != rrset.ttl || present.rdatas != rrset.rdatas));
            zone.put(rrset);
        }
        REQUIRE(rows_of(zone) == model.sorted());
        // What a zone cannot be without.
        REQUIRE(zone.find(zone.apex(), Type::SOA).rdatas.size() == 1);
        REQUIRE_FALSE(zone.find(zone.apex(), Type::NS).empty());
    }

    for (const char* rcode : {"NOERROR", "FORMERR", "NXDOMAIN", "REFUSED", "YXDOMAIN", "YXRRSET",
                              "NXRRSET", "NOTAUTH", "NOTZONE"}) {
        INFO(rcode);
        CHECK(rcodes[rcode] >= 100);
    }
    for (const char* event : {"CNAME conflict", "SOA replaced", "SOA ignored", "TTL changed",
                              "duplicate", "replaced", "added", "deleted", "absent delete",
                              "apex emptied", "apex SOA or NS kept", "last NS kept"}) {
        INFO(event);
        CHECK(model.events[event] >= 100);
    }
}

}  // namespace
}  // namespace chorale::zone
