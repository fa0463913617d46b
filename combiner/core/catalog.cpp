#include "combiner/core/catalog.hpp"

#include <optional>
#include <vector>

namespace chorale::combiner {
namespace {

// Labels of `name` below the apex, first label first, as text octets.
std::vector<std::string> labels_below(dns::NameView name, dns::NameView apex) {
    std::vector<std::string> labels;
    while (name.wire().size() > apex.wire().size()) {
        std::string label(as_text(name.first_label()));
        for (char& octet : label) {
            if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet + 32);
        }
        labels.push_back(std::move(label));
        name = name.parent();
    }
    return labels;
}

// The text of TXT RDATA that is exactly one string.
Result<std::string> single_string(BytesView rdata) {
    if (rdata.empty() || rdata[0] + 1U != rdata.size()) {
        return malformed("a TXT record of more than one string");
    }
    return std::string(as_text(rdata.subspan(1)));
}

}  // namespace

Result<CatalogMembers> read_catalog(const zone::ZoneSnapshot& catalog) {
    struct Found {
        std::optional<dns::Name> zone;
        CatalogMember member;
    };
    std::map<std::string, Found> by_label;
    std::optional<std::string> version;
    std::optional<Error> fault;
    catalog.for_each([&](const dns::RecordView& record) {
        if (fault) return;
        const auto labels = labels_below(record.owner, catalog.apex());
        const auto refuse = [&](const std::string& what) {
            fault = malformed("catalog: " + record.owner.to_text() + ": " + what);
        };
        if (labels.size() == 1 && labels[0] == "version" && record.type == dns::Type::TXT) {
            const auto text = single_string(record.rdata);
            if (!text) return refuse(text.error().message());
            if (version) return refuse("more than one version");
            version = *text;
            return;
        }
        if (labels.size() < 2 || labels.back() != "zones") return;
        const std::string& unique = labels[labels.size() - 2];
        Found& found = by_label[unique];
        found.member.unique_label = unique;
        const bool is_property = labels.size() == 3;
        if (labels.size() == 2 && record.type == dns::Type::PTR) {
            if (found.zone) return refuse("more than one PTR");
            auto name = dns::Name::from_wire(record.rdata);
            if (!name) return refuse(name.error().message());
            found.zone = *name;
        } else if (is_property && labels[0] == "group" && record.type == dns::Type::TXT) {
            const auto text = single_string(record.rdata);
            if (!text) return refuse(text.error().message());
            found.member.groups.insert(*text);
        } else if (is_property && labels[0] == "coo" && record.type == dns::Type::PTR) {
            auto name = dns::Name::from_wire(record.rdata);
            if (!name) return refuse(name.error().message());
            if (found.member.has_change_of_ownership) return refuse("more than one coo");
            found.member.change_of_ownership = *name;
            found.member.has_change_of_ownership = true;
        }
    });
    if (fault) return *fault;
    if (!version)
        return malformed("catalog: no version (version." + catalog.apex().to_text() + " TXT)");
    if (*version != "2") return malformed("catalog: version \"" + *version + "\", expected \"2\"");
    CatalogMembers members;
    for (auto& [label, found] : by_label) {
        if (!found.zone) continue;
        if (*found.zone == catalog.apex()) return malformed("catalog: it lists itself as a member");
        if (!members.emplace(*found.zone, std::move(found.member)).second) {
            return malformed("catalog: " + found.zone->to_text() + " is listed twice");
        }
    }
    return members;
}

}  // namespace chorale::combiner
