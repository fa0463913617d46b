// UPDATE (RFC 2136) from octets to what differs: whatever comes, the zone stays a
// zone, and what passes the pre-scan can be applied twice.
#include <algorithm>

#include "common/dns/rdata.hpp"
#include "common/dns/text.hpp"
#include "common/zone/update.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace chorale;

class SmallZone : public zone::UpdateView {
public:
    SmallZone() {
        constexpr char content[] =
            "@ 60 IN SOA ns hm 10 1 1 1 1\n@ 60 IN NS ns\n@ 60 IN NS ns.example.\n"
            "@ 60 IN DNSKEY 257 3 13 AAAA\nns 60 IN A 192.0.2.1\nalias 60 IN CNAME ns\n";
        for (const dns::Record& record : dns::records_from_text(content, apex_).value()) {
            dns::RRset rrset = find(record.owner, record.type);
            rrset.owner = record.owner;
            rrset.type = record.type;
            rrset.ttl = record.ttl;
            rrset.rdatas.push_back(record.rdata);
            std::ranges::sort(rrset.rdatas, [&record](const Bytes& a, const Bytes& b) {
                return dns::compare_rdata(record.type, a, b) < 0;
            });
            put(rrset);
        }
    }

    const dns::Name& apex() const override { return apex_; }
    dns::RRset find(dns::NameView owner, dns::Type type) const override {
        for (const dns::RRset& rrset : rrsets_) {
            if (rrset.owner.view() == owner && rrset.type == type) return rrset;
        }
        return {};
    }
    std::vector<dns::RRset> find_all(dns::NameView owner) const override {
        std::vector<dns::RRset> all;
        for (const dns::RRset& rrset : rrsets_) {
            if (rrset.owner.view() == owner) all.push_back(rrset);
        }
        return all;
    }
    void put(const dns::RRset& rrset) {
        std::erase_if(rrsets_, [&rrset](const dns::RRset& present) {
            return present.owner == rrset.owner && present.type == rrset.type;
        });
        if (!rrset.empty()) rrsets_.push_back(rrset);
    }

private:
    dns::Name apex_ = dns::Name::from_text("z.").value();
    std::vector<dns::RRset> rrsets_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t count) {
    const dns::ParseOutcome parsed = dns::parse_message(BytesView(octets, count), {1000});
    if (!parsed.message) return 0;
    const dns::Message& update = *parsed.message;
    static const SmallZone original;
    SmallZone zone = original;
    (void)zone::check_zone_section(update);
    (void)zone::check_prerequisites(update, zone);
    if (zone::prescan(update, zone.apex()).is_refusal()) return 0;
    for (int round = 0; round < 2; ++round) {
        for (const dns::RRset& rrset : zone::apply_update(update, zone)) {
            require(rrset.owner.view().is_at_or_below(zone.apex()), "what changes is in the zone");
            require(!dns::is_meta_type(rrset.type), "what changes is data");
            for (std::size_t i = 0; i < rrset.rdatas.size(); ++i) {
                require(dns::check_rdata(rrset.type, rrset.rdatas[i]).has_value(),
                        "what is stored is well formed");
                require(i == 0 || dns::compare_rdata(rrset.type, rrset.rdatas[i - 1],
                                                     rrset.rdatas[i]) < 0,
                        "RDATA is in canonical order, without duplicates");
            }
            zone.put(rrset);
        }
        require(zone.find(zone.apex(), dns::Type::SOA).rdatas.size() == 1, "a zone has one SOA");
        require(!zone.find(zone.apex(), dns::Type::NS).empty(), "a zone has NS");
    }
    return 0;
}
