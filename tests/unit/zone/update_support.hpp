// What the UPDATE tests share: a zone in memory and messages written as text.
#pragma once

#include "common/base/encoding.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "common/zone/update.hpp"

namespace chorale::zone::test {

inline dns::Name name(std::string_view text, std::string_view origin = "zone.example.") {
    return dns::Name::from_text(text, dns::Name::from_text(origin).value()).value();
}

// "owner TTL class type [rdata]", relative to zone.example.; without rdata it is
// empty, as the classes ANY and NONE use it.
inline dns::Record record(std::string_view line) {
    const auto tokens = dns::split_tokens(line).value();
    dns::Record record;
    record.owner = name(tokens.at(0));
    record.ttl = parse_decimal<std::uint32_t>(tokens.at(1)).value();
    const std::string& klass = tokens.at(2);
    record.klass = klass == "IN"     ? dns::Class::IN
                   : klass == "ANY"  ? dns::Class::ANY
                   : klass == "NONE" ? dns::Class::NONE
                                     : dns::Class::CH;
    record.type = tokens.at(3) == "ANY" ? dns::Type::ANY : dns::type_from_text(tokens[3]).value();
    if (tokens.size() > 4 && tokens[4] == "\\#") {  // taken as it is, wrong or not
        for (const std::string& digits : std::span(tokens).subspan(6)) {
            append(record.rdata, from_hex(digits).value());
        }
    } else if (tokens.size() > 4) {
        record.rdata =
            dns::rdata_from_text(record.type, std::span(tokens).subspan(4), name("@")).value();
    }
    return record;
}

inline std::vector<dns::Record> records(const std::vector<std::string>& lines) {
    std::vector<dns::Record> list;
    for (const std::string& line : lines) list.push_back(record(line));
    return list;
}

inline dns::Message update_message(const std::vector<std::string>& prerequisites,
                                   const std::vector<std::string>& updates) {
    dns::Message message;
    message.header.opcode = std::uint8_t(dns::Opcode::UPDATE);
    message.questions.push_back({name("@"), dns::Type::SOA, dns::Class::IN});
    message.answers = records(prerequisites);
    message.authority = records(updates);
    return message;
}

class ZoneInMemory : public UpdateView {
public:
    explicit ZoneInMemory(const std::vector<dns::Record>& content) {
        for (const dns::Record& record : content) add(record);
    }

    const dns::Name& apex() const override { return apex_; }

    dns::RRset find(dns::NameView owner, dns::Type type) const override {
        const auto node = nodes_.find(owner);
        if (node == nodes_.end()) return {};
        const auto rrset = node->second.find(type);
        return rrset == node->second.end() ? dns::RRset{} : rrset->second;
    }

    std::vector<dns::RRset> find_all(dns::NameView owner) const override {
        std::vector<dns::RRset> all;
        const auto node = nodes_.find(owner);
        if (node == nodes_.end()) return all;
        for (const auto& [type, rrset] : node->second) all.push_back(rrset);
        return all;
    }

    void put(const dns::RRset& rrset) {
        auto& node = nodes_[rrset.owner];
        if (rrset.empty()) {
            node.erase(rrset.type);
        } else {
            node[rrset.type] = rrset;
        }
        if (node.empty()) nodes_.erase(rrset.owner);
    }

    // All of it as lines, owners and RRsets in order.
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (const auto& [owner, node] : nodes_) {
            for (const auto& [type, rrset] : node) {
                for (const Bytes& rdata : rrset.rdatas) {
                    all.push_back(dns::to_text(
                        dns::RecordView{rrset.owner, type, dns::Class::IN, rrset.ttl, rdata}));
                }
            }
        }
        return all;
    }

private:
    void add(const dns::Record& record) {
        dns::RRset& rrset = nodes_[record.owner][record.type];
        if (rrset.empty()) rrset.owner = record.owner;
        rrset.type = record.type;
        rrset.ttl = record.ttl;
        rrset.rdatas.push_back(record.rdata);
        std::ranges::sort(rrset.rdatas, [&record](const Bytes& a, const Bytes& b) {
            return dns::compare_rdata(record.type, a, b) < 0;
        });
    }

    dns::Name apex_ = name("@");
    std::map<dns::Name, std::map<dns::Type, dns::RRset>, dns::CanonicalLess> nodes_;
};

}  // namespace chorale::zone::test
