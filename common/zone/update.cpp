#include "common/zone/update.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "common/dns/rdata.hpp"

namespace chorale::zone {
namespace {

using dns::Class;
using dns::Rcode;
using dns::Record;
using dns::RRset;
using dns::Type;

UpdateRefusal refusal(Rcode rcode, std::string reason) { return {rcode, std::move(reason)}; }

UpdateRefusal refusal(Rcode rcode, const char* section, const Record& record, const char* why) {
    return {rcode, std::string(section) + " " + record.owner.to_text() + " " +
                       to_text(record.klass) + " " + to_text(record.type) + ": " + why};
}

// RFC 3007 4.3 for NXT and SIG, whose successors are these (RFC 3755, RFC 5155):
// made by whoever signs, never by an update.
bool is_made_by_signer(Type type) {
    return type == Type::NXT || type == Type::SIG || type == Type::RRSIG || type == Type::NSEC ||
           type == Type::NSEC3;
}

// RFC 2181 10.1 and RFC 4034 3 and 4: what may stand beside a CNAME.
bool may_accompany_cname(Type type) {
    return type == Type::KEY || type == Type::SIG || type == Type::NXT || type == Type::RRSIG ||
           type == Type::NSEC;
}

// RFC 1982 3.2; of serials 2^31 apart neither is greater.
bool is_greater_serial(std::uint32_t a, std::uint32_t b) { return a != b && a - b < 0x80000000U; }

// Binary search by canonical order; `found` says whether it is there already.
struct Place {
    std::vector<Bytes>::iterator at;
    bool found = false;
};

Place place_of(std::vector<Bytes>& rdatas, Type type, BytesView rdata) {
    const auto at = std::lower_bound(rdatas.begin(), rdatas.end(), rdata,
                                     [type](const Bytes& present, BytesView wanted) {
                                         return dns::compare_rdata(type, present, wanted) < 0;
                                     });
    return {at, at != rdatas.end() && dns::compare_rdata(type, *at, rdata) == 0};
}

// Whether `rdata` takes the place of `present` (RFC 2136 3.4.2.2; DNAME: RFC 6672
// 5.2) although they differ.
bool replaces(Type type, BytesView present, BytesView rdata) {
    switch (type) {
        case Type::SOA:
        case Type::CNAME:
        case Type::DNAME: return true;
        case Type::WKS: {  // same address and protocol
            constexpr std::size_t key = 5;
            return present.size() >= key && rdata.size() >= key &&
                   equal(present.first(key), rdata.first(key));
        }
        default: return false;
    }
}

// Octet for octet, TTL included: what a transfer would show.
bool is_same_content(const RRset& a, const RRset& b) {
    return a.ttl == b.ttl && a.rdatas == b.rdatas;
}

// The names that an UPDATE touches, as they become, step by step.
class Workspace {
public:
    explicit Workspace(const UpdateView& view) : view_(view) {}

    void apply(const Record& record) {
        switch (record.klass) {
            case Class::IN: add(record); break;
            case Class::ANY: remove_rrsets(record); break;
            case Class::NONE: remove_record(record); break;
            case Class::CH:
            case Class::HS: assert(false && "prescan lets no other class pass"); break;
        }
    }

    std::vector<RRset> differences() const {
        std::vector<RRset> changed;
        for (const auto& [owner, node] : nodes_) {
            for (const auto& [type, now] : node.now) {
                const auto before = node.before.find(type);
                const bool existed = before != node.before.end();
                if (existed ? !is_same_content(now, before->second) : !now.empty()) {
                    changed.push_back(now);
                    if (now.empty()) changed.back().ttl = 0;
                }
            }
        }
        return changed;
    }

private:
    using RRsets = std::map<Type, RRset>;
    struct Node {
        RRsets before;
        RRsets now;  // what was there stays, perhaps empty
    };

    // RFC 2136 3.4.2.2.
    void add(const Record& record) {
        Node& node = at(record.owner);
        if (is_kept_out(node, record)) return;
        RRset& rrset = rrset_for(node, record);
        if (record.type == Type::SOA &&
            (rrset.empty() || !is_greater_serial(dns::soa_serial(record.rdata),
                                                 dns::soa_serial(rrset.rdatas.front())))) {
            return;
        }
        std::erase_if(rrset.rdatas, [&record](const Bytes& present) {
            return replaces(record.type, present, record.rdata);
        });
        const Place place = place_of(rrset.rdatas, record.type, record.rdata);
        if (place.found) {
            *place.at = record.rdata;
        } else {
            rrset.rdatas.insert(place.at, record.rdata);
        }
        rrset.ttl = record.ttl;  // of all of them: RFC 2181 5.2
    }

    // A CNAME beside other data, or other data beside a CNAME: ignored. DNAME and
    // CNAME keep each other out in the same way (RFC 6672 5.2).
    static bool is_kept_out(const Node& node, const Record& record) {
        if (may_accompany_cname(record.type)) return false;
        return std::ranges::any_of(node.now, [&record](const auto& entry) {
            const auto& [type, rrset] = entry;
            if (rrset.empty() || may_accompany_cname(type)) return false;
            return (type == Type::CNAME) != (record.type == Type::CNAME);
        });
    }

    // 3.4.2.3.
    void remove_rrsets(const Record& record) {
        const bool is_apex = record.owner.view() == view_.apex().view();
        for (auto& [type, rrset] : at(record.owner).now) {
            const bool is_meant = record.type == Type::ANY || record.type == type;
            const bool is_kept = is_apex && (type == Type::SOA || type == Type::NS);
            if (is_meant && !is_kept) rrset.rdatas.clear();
        }
    }

    // 3.4.2.4. A zone keeps its SOA and one NS.
    void remove_record(const Record& record) {
        Node& node = at(record.owner);
        const auto entry = node.now.find(record.type);
        if (entry == node.now.end()) return;
        std::vector<Bytes>& rdatas = entry->second.rdatas;
        const Place place = place_of(rdatas, record.type, record.rdata);
        if (!place.found) return;
        const bool is_apex = record.owner.view() == view_.apex().view();
        if (is_apex && record.type == Type::SOA) return;
        if (is_apex && record.type == Type::NS && rdatas.size() == 1) return;
        rdatas.erase(place.at);
    }

    Node& at(const dns::Name& owner) {
        const auto present = nodes_.find(owner);
        if (present != nodes_.end()) return present->second;
        Node& node = nodes_[owner];
        for (RRset& rrset : view_.find_all(owner)) {
            if (rrset.empty()) continue;
            const Type type = rrset.type;
            node.before.emplace(type, std::move(rrset));
        }
        node.now = node.before;
        return node;
    }

    // The RRset that an addition goes to. A new one takes over how the name is
    // written at this name already, so that a name has one spelling in a zone.
    static RRset& rrset_for(Node& node, const Record& record) {
        const auto [entry, is_new] = node.now.try_emplace(record.type);
        if (is_new) {
            entry->second.type = record.type;
            entry->second.owner =
                node.before.empty() ? record.owner : node.before.begin()->second.owner;
        }
        return entry->second;
    }

    const UpdateView& view_;
    std::map<dns::Name, Node, dns::CanonicalLess> nodes_;
};

constexpr char prerequisite[] = "prerequisite";
constexpr char update_record[] = "update";

}  // namespace

UpdateRefusal check_zone_section(const dns::Message& update) {
    if (update.questions.size() != 1) {
        return refusal(Rcode::FORMERR, "zone section holds " +
                                           std::to_string(update.questions.size()) +
                                           " records, not one (RFC 2136 3.1.1)");
    }
    const dns::Question& zone = update.questions.front();
    if (zone.type != Type::SOA) {
        return refusal(Rcode::FORMERR, "zone section has type " + to_text(zone.type) +
                                           ", not SOA (RFC 2136 3.1.1)");
    }
    if (zone.klass != Class::IN) {
        return refusal(Rcode::NOTAUTH,
                       "no zone of class " + to_text(zone.klass) + " is served (RFC 2136 3.1.2)");
    }
    return {};
}

UpdateRefusal prescan(const dns::Message& update, dns::NameView apex) {
    for (const Record& record : update.authority) {
        const auto refuse = [&record](Rcode rcode, const char* why) {
            return refusal(rcode, update_record, record, why);
        };
        if (!record.owner.view().is_at_or_below(apex)) {
            return refuse(Rcode::NOTZONE, "outside of the zone");
        }
        const bool is_meta = dns::is_meta_type(record.type);
        switch (record.klass) {
            case Class::IN:
                if (is_meta) return refuse(Rcode::FORMERR, "a type that is no data");
                break;
            case Class::ANY:
                if (record.ttl != 0) return refuse(Rcode::FORMERR, "TTL is not 0");
                if (!record.rdata.empty()) return refuse(Rcode::FORMERR, "RDATA is not empty");
                if (is_meta && record.type != Type::ANY) {
                    return refuse(Rcode::FORMERR, "a type that is no data");
                }
                break;
            case Class::NONE:
                if (record.ttl != 0) return refuse(Rcode::FORMERR, "TTL is not 0");
                if (is_meta) return refuse(Rcode::FORMERR, "a type that is no data");
                break;
            default: return refuse(Rcode::FORMERR, "class");
        }
        if (record.klass != Class::ANY) {
            const Result<void> checked = dns::check_rdata(record.type, record.rdata);
            if (!checked) return refuse(Rcode::FORMERR, checked.error().message().c_str());
        }
        if (is_made_by_signer(record.type)) {
            return refuse(Rcode::REFUSED, "made by the signer, never updated (RFC 3007 4.3)");
        }
    }
    return {};
}

UpdateRefusal check_prerequisites(const dns::Message& update, const UpdateView& view) {
    // The RRsets of value-dependent prerequisites (2.4.2), gathered first.
    struct ByOwnerAndType {
        bool operator()(const Record* a, const Record* b) const {
            const int order = dns::compare_canonical(a->owner, b->owner);
            return order != 0 ? order < 0 : a->type < b->type;
        }
    };
    std::map<const Record*, std::vector<Bytes>, ByOwnerAndType> wanted;

    for (const Record& record : update.answers) {
        const auto refuse = [&record](Rcode rcode, const char* why) {
            return refusal(rcode, prerequisite, record, why);
        };
        if (record.ttl != 0) return refuse(Rcode::FORMERR, "TTL is not 0");
        if (!record.owner.view().is_at_or_below(view.apex())) {
            return refuse(Rcode::NOTZONE, "outside of the zone");
        }
        const bool is_about_name = record.type == Type::ANY;
        switch (record.klass) {
            case Class::ANY:
                if (!record.rdata.empty()) return refuse(Rcode::FORMERR, "RDATA is not empty");
                if (is_about_name && view.find_all(record.owner).empty()) {
                    return refuse(Rcode::NXDOMAIN, "the name is not in use");
                }
                if (!is_about_name && view.find(record.owner, record.type).empty()) {
                    return refuse(Rcode::NXRRSET, "there is no such RRset");
                }
                break;
            case Class::NONE:
                if (!record.rdata.empty()) return refuse(Rcode::FORMERR, "RDATA is not empty");
                if (is_about_name && !view.find_all(record.owner).empty()) {
                    return refuse(Rcode::YXDOMAIN, "the name is in use");
                }
                if (!is_about_name && !view.find(record.owner, record.type).empty()) {
                    return refuse(Rcode::YXRRSET, "there is such an RRset");
                }
                break;
            case Class::IN: {
                const Result<void> checked = dns::check_rdata(record.type, record.rdata);
                if (!checked) return refuse(Rcode::FORMERR, checked.error().message().c_str());
                std::vector<Bytes>& rdatas = wanted[&record];
                const Place place = place_of(rdatas, record.type, record.rdata);
                if (!place.found) rdatas.insert(place.at, record.rdata);
                break;
            }
            default: return refuse(Rcode::FORMERR, "class");
        }
    }

    for (const auto& [record, rdatas] : wanted) {
        const RRset present = view.find(record->owner, record->type);
        const bool is_same = std::ranges::equal(
            present.rdatas, rdatas, [type = record->type](const Bytes& a, const Bytes& b) {
                return dns::compare_rdata(type, a, b) == 0;
            });
        if (!is_same) {
            return refusal(Rcode::NXRRSET, prerequisite, *record, "the RRset has other records");
        }
    }
    return {};
}

std::vector<RRset> apply_update(const dns::Message& update, const UpdateView& view) {
    Workspace workspace(view);
    for (const Record& record : update.authority) workspace.apply(record);
    return workspace.differences();
}

}  // namespace chorale::zone
