// What the machine of a zone costs: time of a step, octets of a state, and a round in
// which every zone hears all its peers. A plain program: msa_core [zones], 100,000 by default.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "common/crypto/dnskey.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/movement.hpp"
#include "msa/core/state_codec.hpp"
#include "tests/support/peer_gate.hpp"

namespace chorale::msa {

namespace {

constexpr std::size_t count = 5;  // of providers

dns::Name name(const std::string& text) { return dns::Name::from_text(text).value(); }

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

std::size_t heap() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// A zone of five providers that have all arrived, at the first of them.
struct Lab {
    Policy policy;
    ZoneState state;
    Moment moment;
    std::vector<Contribution> brought;
    SignedZone zone;
    Survey survey;
    std::vector<event::Heard> heard;

    explicit Lab(const std::string& text) {
        policy.identity = name("msa.p0.example.");
        state = start_zone(name(text), policy);
        ParentAnswer parent;
        parent.answered = true;
        parent.ds_ttl = parent.ns_ttl = 3600;
        for (std::size_t at = 0; at < count; ++at) {
            const std::string label = "p" + std::to_string(at) + ".example.";
            Contribution it;
            for (const Byte flag : {Byte(1), Byte(0)}) {
                Bytes rdata{1, flag, 3, 13};
                for (std::size_t octet = 0; octet < 64; ++octet)
                    rdata.push_back(static_cast<Byte>(octet * (at + 3) + flag));
                it.keys.push_back(rdata);
            }
            it.entry_keys = {it.keys.front()};
            it.name_servers = {name("ns1." + label), name("ns2." + label)};
            brought.push_back(it);
            zone.apex.dnskeys.insert(zone.apex.dnskeys.end(), it.keys.begin(), it.keys.end());
            zone.apex.cdnskey.push_back(it.keys.front());
            zone.apex.cds.push_back(crypto::make_ds(state.zone, it.keys.front(), 2));
            zone.apex.name_servers.insert(zone.apex.name_servers.end(), it.name_servers.begin(),
                                          it.name_servers.end());
            Bytes msigner{1};
            append(msigner, name("msa." + label).wire());
            zone.msigner.push_back(msigner);
        }
        policy.name_servers = brought.front().name_servers;
        zone.apex.dnskey_ttl = zone.apex.ns_ttl = zone.largest_ttl = 3600;
        parent.ds = zone.apex.cds;
        parent.name_servers = zone.apex.name_servers;
        survey.parent = {parent, parent};
        for (std::size_t at = 0; at < count; ++at) {
            auto apex = std::make_shared<Apex>(zone.apex);
            apex->dnskey_signers = brought[at].entry_keys;
            apex->data_signers = {brought[at].keys.back()};
            Survey::Of of{name("msa.p" + std::to_string(at) + ".example."), {}};
            for (const dns::Name& server : brought[at].name_servers)
                of.servers.push_back({server, apex});
            survey.providers.push_back(std::move(of));
        }
        zone.apex.dnskey_signers = brought.front().entry_keys;
        zone.apex.data_signers = {brought.front().keys.back()};

        step(event::Started{});
        step(event::ZoneSeen{zone});
        state.has_part = state.is_managed = true;
        for (std::size_t at = 0; at < count; ++at) {
            state.providers[at].position = {ProcessKind::join, Rung::IN};
            state.providers[at].can_peer = true;
            state.providers[at].peer = PeerState::operational;
            take_contribution(policy, state, at, brought[at]);
            state.providers[at].announced_entry = state.providers[at].entry_keys;
        }
        step(event::Surveyed{survey});
        for (int round = 0; round < 3; ++round) {
            heard.clear();
            for (std::size_t at = 1; at < count; ++at) {
                Announcement said = announcement_to(policy, state, at);
                said.contribution = state.providers[at].contribution;
                said.echo = progress_of(state.movement);
                heard.push_back({PeerGate::admit(state.providers[at].identity), said});
            }
            for (const event::Heard& it : heard) step(it);
            step(event::ZoneSeen{zone});
            step(event::Surveyed{survey});
        }
        if (is_busy(state) || !state.is_caught_up || !waits(policy, state).empty()) {
            std::fprintf(stderr, "the zone is not at rest: nothing would be measured\n");
            std::exit(1);
        }
    }

    Outcome step(const Event& event) {
        moment.steady += std::chrono::milliseconds(10);
        return msa::step(policy, state, event, moment);
    }
};

void measure_step(Lab& lab, const char* what, const Event& event) {
    std::vector<double> times;
    for (int run = 0; run < 5000; ++run) {
        const auto start = std::chrono::steady_clock::now();
        lab.step(event);
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
                .count());
    }
    std::sort(times.begin(), times.end());
    std::printf("step, %-28s %8.2f us median, %8.2f us of 99 in 100\n", what,
                times[times.size() / 2], times[times.size() * 99 / 100]);
}

void measure(std::size_t zones) {
    Lab lab("zone.example.");
    for (const auto& [what, event] :
         std::vector<std::pair<const char*, Event>>{{"a peer is heard", lab.heard.front()},
                                                    {"nothing but time", event::Woken{}},
                                                    {"the zone is seen", event::ZoneSeen{lab.zone}},
                                                    {"a survey", event::Surveyed{lab.survey}}})
        measure_step(lab, what, event);

    // What DNSKEY, NS and MSIGNER RRset say, as octets of their RDATA.
    std::size_t rrsets = 0;
    for (const Key& key : lab.state.keys) rrsets += key.rdata.size();
    for (const Server& server : lab.state.servers) rrsets += server.name.wire().size();
    for (const Provider& provider : lab.state.providers)
        rrsets += 1 + provider.identity.wire().size();
    std::vector<ZoneState> states;
    states.reserve(zones);
    const std::size_t before = heap();
    for (std::size_t at = 0; at < zones; ++at) states.push_back(lab.state);
    const std::size_t each = (heap() - before) / zones + sizeof(ZoneState);
    std::printf("state of a zone: %zu octets besides %zu of RDATA of its RRsets; %zu on disk\n",
                each - rrsets, rrsets, encode(lab.state).size());

    const double start = processor_seconds();
    std::size_t actions = 0;
    for (ZoneState& state : states)
        for (const event::Heard& it : lab.heard)
            actions += step(lab.policy, state, it, lab.moment).actions.size();
    std::printf("%zu zones hear 4 peers each: %.2f s of processor, %zu actions\n", zones,
                processor_seconds() - start, actions);
}

}  // namespace
}  // namespace chorale::msa

int main(int argc, char** argv) {
    chorale::msa::measure(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000);
}
