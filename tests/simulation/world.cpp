#include "tests/simulation/world.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "common/crypto/dnskey.hpp"
#include "msa/core/election.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/ladder.hpp"
#include "msa/core/movement.hpp"
#include "msa/core/state_codec.hpp"
#include "tests/support/peer_gate.hpp"

namespace chorale::simulation {

using namespace chorale::msa;

std::uint64_t Random::next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}
Seconds Random::between(Seconds low, Seconds high) {
    if (!is_drawn_) return high;
    return low + static_cast<Seconds>(next() % static_cast<std::uint64_t>(high - low + 1));
}
Random Random::without_chance() {
    Random random(0);
    random.is_drawn_ = false;
    return random;
}
bool Random::chance(double probability) {
    if (!is_drawn_) return probability > 0;
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
}

namespace {

constexpr std::size_t most_keys = 64;

dns::Name name(const std::string& text) { return dns::Name::from_text(text).value(); }

}  // namespace

World::World(std::uint64_t seed, const Settings& settings)
    : settings_(settings),
      random_(seed),
      zone_(name("zone.example.")),
      caches_(settings.providers) {
    build();
}

World::World(const Stage& stage, std::function<void(const Stepped&)> on_step,
             std::function<void(const std::string&)> on_note)
    : on_note_(std::move(on_note)),
      random_(Random::without_chance()),
      zone_(name("zone.example.")),
      caches_(stage.providers.size()) {
    settings_.has_faults = settings_.has_rolls = false;
    // What several machines at once must not do is checked in any mode.
    settings_.mode = Settings::Mode::mixed;
    settings_.is_insecure = !stage.is_secure;
    settings_.on_step = std::move(on_step);
    build(stage);
}

void World::trace(const std::string& text) {
    for (const char c : text) hash(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
    note(text);
    if (settings_.is_traced)
        verdict_.trace.push_back(std::to_string(now_ - beginning) + " " + text);
}

std::string World::who(std::size_t at) const {
    return at < called_.size() ? called_[at] : std::string(1, static_cast<char>('A' + at));
}

std::size_t World::new_key(std::size_t owner, std::uint8_t algorithm, bool is_entry) {
    const std::size_t number = keys_.size();
    WorldKey key;
    key.algorithm = algorithm;
    key.is_entry = is_entry;
    key.rdata = {1,
                 static_cast<Byte>(is_entry ? 1 : 0),
                 3,
                 algorithm,
                 static_cast<Byte>(owner),
                 static_cast<Byte>(number),
                 7,
                 7,
                 7,
                 7};
    key.ds = crypto::make_ds(zone_, key.rdata, 2);
    key_numbers_[key.rdata] = number;
    keys_.push_back(std::move(key));
    return number;
}

Mask World::algorithms_of(Mask keys) const {
    Mask algorithms = 0;
    for (std::size_t at = 0; at < keys_.size(); ++at)
        if (keys >> at & 1) algorithms |= Mask(1) << keys_[at].algorithm;
    return algorithms;
}
std::vector<Bytes> World::rdatas(Mask keys) const {
    std::vector<Bytes> list;
    for (std::size_t at = 0; at < keys_.size(); ++at)
        if (keys >> at & 1) list.push_back(keys_[at].rdata);
    return list;
}
std::vector<dns::Name> World::names(Mask servers) const {
    std::vector<dns::Name> list;
    for (std::size_t at = 0; at < servers_.size(); ++at)
        if (servers >> at & 1) list.push_back(servers_[at]);
    return list;
}
Mask World::mask_of(const ZoneState& state, KeySet keys) const {
    Mask mask = 0;
    for (const std::size_t at : keys) {
        const auto found = key_numbers_.find(state.keys[at].rdata);
        if (found != key_numbers_.end()) mask |= Mask(1) << found->second;
    }
    return mask;
}
Mask World::mask_of(const ZoneState& state, ServerSet servers) const {
    Mask mask = 0;
    for (const std::size_t at : servers)
        for (std::size_t number = 0; number < servers_.size(); ++number)
            if (servers_[number] == state.servers[at].name) mask |= Mask(1) << number;
    return mask;
}

void World::build() {
    publication_ = random_.between(1, 40);
    parent_publication_ = random_.between(1, 60);
    survey_interval_ = random_.between(20, 90);
    poll_interval_ = random_.between(30, 200);
    ds_ttl_ = random_.between(30, 1500);
    parent_ns_ttl_ = random_.between(30, 1500);
    const Seconds safety = 2 * (publication_ + parent_publication_) + random_.between(1, 30);
    const std::uint8_t algorithm = random_.chance(0.5) ? 13 : 15;
    Seconds longest = 0;
    const Seconds data_ttl = random_.between(30, 1500);  // the owner's
    if (settings_.has_liar)
        liar_ = static_cast<std::size_t>(
            random_.between(0, static_cast<Seconds>(settings_.providers) - 1));
    for (std::size_t p = 0; p < settings_.providers; ++p) {
        Node node;
        node.at = p;
        node.policy.identity = name(std::string("msa.") + static_cast<char>('a' + p) + ".example.");
        for (std::size_t s = 0; s < servers_each; ++s) add_server(node);
        caches_.provider(p).is_liar = p == liar_;
        node.policy.safety = std::chrono::seconds(safety);
        node.policy.interval = std::chrono::seconds(random_.between(10, 30));
        node.policy.survey_interval = std::chrono::seconds(survey_interval_);
        node.policy.can_peer = settings_.mode == Settings::Mode::peer ||
                               (settings_.mode == Settings::Mode::mixed && random_.chance(0.5));
        node.policy.cds = random_.chance(0.8) ? Policy::KeepCds::keep : Policy::KeepCds::remove;
        node.policy.omitted_terms = settings_.planted.omitted_terms;
        node.policy.counts_from_sending = settings_.planted.counts_from_sending;
        node.policy.keeps_leaver_in_its_own_ns = settings_.planted.keeps_leaver_in_its_own_ns;
        node.policy.loses_holds = settings_.planted.loses_holds;
        node.policy.loses_votes = settings_.planted.loses_votes;
        node.key_ttl = random_.between(30, 1500);
        node.data_ttl = data_ttl;
        node.ns_ttl = random_.between(30, 1500);
        longest = std::max({longest, node.key_ttl, node.data_ttl, node.ns_ttl});
        node.signer.is_combined = random_.chance(0.4);
        give_keys(node, algorithm);
        nodes_.push_back(std::move(node));
    }
    // One movement at its longest: join (DS), leave (NS and data).
    sum_of_waits_ =
        2 * (longest + std::max(longest, std::max(ds_ttl_, parent_ns_ttl_)) + 3 * safety) +
        6 * (poll_interval_ + parent_publication_ + publication_ + 2 * survey_interval_);
    const std::size_t first =
        static_cast<std::size_t>(random_.between(0, static_cast<Seconds>(nodes_.size()) - 1));
    on_ = Mask(1) << first;
    for (std::size_t p = 0; p < nodes_.size(); ++p)
        if (random_.chance(0.6)) on_ |= Mask(1) << p;
    named_ = on_;
    parent_.ns = caches_.provider(first).servers;
    parent_.ns_ttl = parent_ns_ttl_;
    parent_.ds_ttl = ds_ttl_;
    if (!settings_.is_insecure) parent_.ds = nodes_[first].signer.entry;
    parent_.ds_algorithms = algorithms_of(parent_.ds);
    for (std::size_t s = 0; s < parent_servers; ++s) {
        parent_served_[s] = parent_;
        caches_.load_parent(s, parent_);
    }
    open();
    plan_faults();
}

void World::build(const Stage& stage) {
    publication_ = parent_publication_ = stage.publication;
    survey_interval_ = stage.survey;
    poll_interval_ = stage.poll;
    ds_ttl_ = stage.ds_ttl;
    parent_ns_ttl_ = stage.parent_ns_ttl;
    owner_delay_ = 20;
    for (std::size_t p = 0; p < stage.providers.size(); ++p) {
        const Stage::Provider& of = stage.providers[p];
        called_.push_back(of.name);
        Node node;
        node.at = p;
        node.policy.identity = name("msa." + of.name + ".example.");
        for (std::size_t s = 0; s < servers_each; ++s) add_server(node);
        node.policy.safety = std::chrono::seconds(stage.safety);
        node.policy.interval = std::chrono::seconds(stage.interval);
        node.policy.survey_interval = std::chrono::seconds(stage.survey);
        node.policy.can_peer = of.can_peer;
        node.policy.cds = of.keeps_cds ? Policy::KeepCds::keep : Policy::KeepCds::remove;
        node.policy.on_missing =
            of.leaves_when_missing ? Policy::Missing::leave : Policy::Missing::hold;
        node.policy.allow_mixed_algorithms = of.allows_mixed_algorithms;
        node.key_ttl = of.key_ttl;
        node.data_ttl = stage.data_ttl;
        node.ns_ttl = of.ns_ttl;
        node.signer.is_combined = of.is_combined;
        give_keys(node, of.algorithm);
        nodes_.push_back(std::move(node));
    }
    on_ = stage.on;
    named_ = stage.on | stage.off;
    parent_.ns = caches_.provider(stage.first).servers;
    parent_.ns_ttl = parent_ns_ttl_;
    parent_.ds_ttl = ds_ttl_;
    if (stage.is_secure) parent_.ds = nodes_[stage.first].signer.entry;
    parent_.ds_algorithms = algorithms_of(parent_.ds);
    for (std::size_t s = 0; s < parent_servers; ++s) {
        parent_served_[s] = parent_;
        caches_.load_parent(s, parent_);
    }
    open();
}

void World::add_server(Node& node) {
    NameServer server;
    server.number = servers_.size();
    servers_.push_back(name("ns" + std::to_string(node.servers.size()) + "." +
                            node.policy.identity.to_text().substr(4)));
    server_owners_.push_back(node.at);
    node.policy.name_servers.push_back(servers_.back());
    caches_.provider(node.at).servers |= Mask(1) << server.number;
    node.servers.push_back(std::move(server));
}

void World::give_keys(Node& node, std::uint8_t algorithm) {
    const std::size_t entry = new_key(node.at, algorithm, true);
    node.signer.own = node.signer.entry = Mask(1) << entry;
    if (node.signer.is_combined) {
        node.signer.zone = node.signer.own;
    } else {
        node.signer.zone = Mask(1) << new_key(node.at, algorithm, false);
        node.signer.own |= node.signer.zone;
    }
}

// All is there, and nothing of it has begun.
void World::open() {
    owner_ns_ = parent_.ns;
    for (Node& node : nodes_) {
        node.roster_on = on_;
        node.roster_named = named_;
        node.combiner.ns = 0;
        caches_.provider(node.at).up = caches_.provider(node.at).servers;
        sign(node);
        for (NameServer& server : node.servers) {
            server.apex = node.apex;
            server.version = node.version;
            caches_.load(node.at, server.number, node.version);
        }
        node.steady_origin = random_.between(0, 1'000'000);
        const std::size_t which = node.at;
        at(now_ + random_.between(0, 30), [this, which] { start(nodes_[which]); });
    }
    after(1, [this] { poll_parent(); });
}

// The zone as the signer gives it out: the owner's, with what the combiner holds and its
// own keys.
void World::sign(Node& node) {
    ZoneVersion version;
    const Signer& signer = node.signer;
    version.keys = signer.own | (signer.drops_keys ? 0 : node.combiner.dnskey);
    version.signers = signer.entry;
    version.data_signers = signer.zone;
    if (!signer.drops_cds) version.cds = node.combiner.cds;
    // No signer keeps a CDS for a key that it threw away.
    if (signer.drops_keys) version.cds &= signer.own;
    version.ns = node.combiner.ns != 0 && !signer.drops_ns ? node.combiner.ns : owner_ns_;
    version.csync = node.combiner.csync;
    version.key_ttl = node.key_ttl;
    version.data_ttl = node.data_ttl;
    version.ns_ttl = node.ns_ttl;
    version.key_algorithms = algorithms_of(version.signers);
    version.data_algorithms = algorithms_of(version.data_signers);
    node.version = version;
    ++node.serial;
    auto apex = std::make_shared<Apex>();
    apex->dnskeys = rdatas(version.keys);
    apex->dnskey_signers = rdatas(version.signers);
    apex->data_signers = rdatas(version.data_signers);
    apex->cdnskey = rdatas(version.cds);
    for (std::size_t at = 0; at < keys_.size(); ++at)
        if (version.cds >> at & 1) apex->cds.push_back(keys_[at].ds);
    apex->name_servers = names(version.ns);
    apex->has_csync = version.csync;
    apex->dnskey_ttl = static_cast<std::uint32_t>(version.key_ttl);
    apex->ns_ttl = static_cast<std::uint32_t>(version.ns_ttl);
    node.apex = apex;
    if ((version.cds & ~version.keys) != 0 && node.at != liar_ && verdict_.violation.empty())
        verdict_.violation = "I15 signer: CDS without DNSKEY in the zone of " + letter(node.at);
}

void World::publish(Node& node) {
    const ZoneVersion before = node.version;
    const std::uint32_t serial = node.serial;
    sign(node);
    // Otherwise only the roster may have changed.
    if (!(node.version == before) || serial == 1) {
        trace(letter(node.at) + " signs a new version");
        for (std::size_t s = 0; s < node.servers.size(); ++s) {
            // In order, each server at its own pace.
            NameServer& server = node.servers[s];
            const Seconds when =
                std::max(server.loads_until, now_ + random_.between(0, publication_));
            server.loads_until = when;
            const std::size_t p = node.at;
            at(when, [this, p, s, version = node.version, apex = node.apex] {
                NameServer& it = nodes_[p].servers[s];
                caches_.settle(now_);
                it.apex = apex;
                it.version = version;
                caches_.load(p, it.number, version);
                is_dirty_ = true;
            });
        }
    }
    const std::size_t p = node.at;
    after(random_.between(0, 3), [this, p, run = node.run] {
        Node& it = nodes_[p];
        if (!it.is_up || it.run != run) return;
        SignedZone zone;
        zone.apex = *it.apex;
        for (std::size_t q = 0; q < nodes_.size(); ++q) {
            if ((it.roster_named >> q & 1) == 0) continue;
            Bytes rdata{static_cast<Byte>(it.roster_on >> q & 1 ? 1 : 2)};
            append(rdata, nodes_[q].policy.identity.wire());
            zone.msigner.push_back(std::move(rdata));
        }
        zone.msigner.insert(zone.msigner.end(), it.roster_other.begin(), it.roster_other.end());
        zone.largest_ttl =
            static_cast<std::uint32_t>(std::max({it.key_ttl, it.data_ttl, it.ns_ttl}));
        zone.serial = it.serial;
        feed(it, event::ZoneSeen{std::move(zone)});
        // Who can be talked to is found out by another machine, for whom the roster names.
        for (const Node& other : nodes_)
            if (other.at != p && it.is_up && it.run == run)
                feed(it, event::PeerChanged{other.policy.identity, PeerState::operational,
                                            other.policy.can_peer});
    });
}

Moment World::moment(const Node& node) {
    Moment moment;
    moment.wall = Instant(std::chrono::seconds(1'700'000'000 + now_ + node.wall_error));
    moment.steady = std::chrono::seconds(now_ + node.steady_origin);
    moment.random =
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(now_) * 2654435761U + node.at);
    return moment;
}

void World::feed(Node& node, const Event& event) {
    if (!node.is_up || !verdict_.violation.empty()) return;
    ++verdict_.steps;
    const Movement movement = node.state.movement;
    const Election election = node.state.election;
    const bool was_recovering = node.state.is_recovering;
    const Outcome outcome = step(node.policy, node.state, event, moment(node));
    hash(node.at * 1000 + outcome.actions.size() * 2 + outcome.must_commit);
    if (crash_ > 0 && outcome.must_commit && random_.chance(crash_)) {
        crash(node, "before the commit");
        return;
    }
    const CrashPoint dies =
        outcome.must_commit ? std::exchange(node.crash_point, CrashPoint::none) : CrashPoint::none;
    if (dies == CrashPoint::before_commit) {
        crash(node, "before the commit");
        return;
    }
    if (settings_.on_step)
        settings_.on_step({node, event, movement, election, was_recovering, outcome});
    if (outcome.must_commit) {
        node.disk = encode(node.state);
        hash(node.disk.size());
        if (settings_.has_faults && random_.chance(0.02)) {
            node.backups.push_back(node.disk);
            if (node.backups.size() > 3) node.backups.erase(node.backups.begin());
        }
    }
    if (dies == CrashPoint::before_actions) {
        crash(node, "before it acts");
        return;
    }
    const std::uint64_t run = node.run;
    for (const Action& action : outcome.actions) {
        if (crash_ > 0 && random_.chance(crash_ / 4)) {
            crash(node, "before an action");
            return;
        }
        carry_out(node, action);
    }
    if (crash_ > 0 && outcome.must_commit && random_.chance(crash_ / 2)) {
        crash(node, "after all was sent");
        return;
    }
    if (dies == CrashPoint::after_actions) {
        crash(node, "after it acted");
        return;
    }
    const Seconds wake = now_ + std::max<Seconds>(1, (outcome.wake_in.count() + 999) / 1000);
    if (!node.wake || wake < *node.wake || *node.wake <= now_) {
        node.wake = wake;
        const std::size_t p = node.at;
        at(wake, [this, p, wake, run] {
            Node& it = nodes_[p];
            if (it.run != run || it.wake != wake) return;
            it.wake.reset();
            feed(it, event::Woken{});
        });
    }
    plan_survey(node);
    const Advice may = advice(node.policy, node.state);
    if (may.may_stop != caches_.provider(node.at).was_told_to_stop) {
        caches_.settle(now_);
        Caches::Provider& about = caches_.provider(node.at);
        about.was_told_to_stop = may.may_stop;
        if (!may.may_stop) {
            // Whoever is to come back serves again before.
            node.has_stopped = false;
            for (const NameServer& server : node.servers)
                if (!server.is_switched_off) about.up |= Mask(1) << server.number;
        }
        is_dirty_ = true;
        trace(letter(node.at) + (may.may_stop ? " may stop" : " is to serve"));
    }
    check_machines();
}

Announcement World::lie(Announcement said) {
    const auto anyone = [&] {
        return static_cast<std::size_t>(
            random_.between(0, static_cast<Seconds>(nodes_.size()) - 1));
    };
    switch (random_.between(0, 16)) {
        case 0: said.epoch += static_cast<std::uint64_t>(random_.between(0, 5)); break;
        case 1: said.echo.epoch += static_cast<std::uint64_t>(random_.between(0, 3)); break;
        case 2: said.rungs.clear(); break;
        case 3:
            for (RungReport& report : said.rungs) report.status = RungStatus::done;
            break;
        case 4:
            for (RungReport& report : said.rungs)
                report.rung = static_cast<Rung>(random_.between(0, 6)),
                report.status = RungStatus::done;
            break;
        case 5: said.largest_ttl = 0; break;
        case 6: said.term += static_cast<std::uint64_t>(random_.between(0, 3)); break;
        case 7: said.leader = nodes_[liar_].policy.identity; break;
        case 8: said.is_recovering = true; break;
        case 9:
        case 10: {
            // Somebody has arrived, or moves, or waits, of whom that is not true.
            RungReport report;
            report.subject = nodes_[anyone()].policy.identity;
            report.process = static_cast<ProcessKind>(random_.between(1, 8));
            report.rung = static_cast<Rung>(random_.between(0, 6));
            report.status = static_cast<RungStatus>(random_.between(1, 5));
            if (random_.chance(0.5)) {
                report.process = ProcessKind::join;
                report.rung = Rung::IN;
                report.status = RungStatus::done;
            }
            std::erase_if(said.rungs,
                          [&](const RungReport& it) { return it.subject == report.subject; });
            said.rungs.push_back(report);
            break;
        }
        case 11:
            if (!said.rungs.empty()) said.rungs.erase(said.rungs.begin());
            break;
        case 12:
            for (RungReport& report : said.rungs) {
                report.process = static_cast<ProcessKind>(random_.between(1, 8));
                report.status = static_cast<RungStatus>(random_.between(1, 5));
            }
            break;
        case 13: said.epoch -= std::min<std::uint64_t>(said.epoch, 2); break;
        case 14: said.echo.steps = static_cast<std::uint8_t>(random_.between(0, 255)); break;
        case 15: said.roster[0] ^= 1; break;
        default: said.contribution[0] ^= 1; break;
    }
    return said;
}

void World::carry_out(Node& node, const Action& action) {
    const std::size_t from = node.at;
    const auto find = [&](const dns::Name& identity) {
        std::size_t at = 0;
        while (at < nodes_.size() && !(nodes_[at].policy.identity == identity)) ++at;
        return at;
    };
    // Each copy of a message at its own time: lost, doubled, overtaken.
    const auto send = [&](const dns::Name& identity, std::function<void(Node&)> deliver) {
        const std::size_t to = find(identity);
        if (to == nodes_.size()) return;
        const int copies = loss_ > 0 && random_.chance(0.05) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            if (random_.chance(loss_)) continue;
            after(random_.between(0, delay_), [this, from, to, deliver] {
                Node& receiver = nodes_[to];
                if (!receiver.is_up || is_cut(from, to) || nodes_[from].is_dead) return;
                if (deaf_ == to && now_ < deaf_until_) return;
                deliver(receiver);
            });
        }
    };
    if (const auto* push = std::get_if<action::Push>(&action)) {
        Held held;
        held.dnskey = mask_of(node.state, push->intended.dnskey);
        held.cds = mask_of(node.state, push->intended.cds);
        held.ns = mask_of(node.state, push->intended.ns);
        held.csync = push->intended.csync;
        if (settings_.is_detailed)
            trace(letter(from) + " pushes " + std::to_string(held.dnskey) + " cds " +
                  std::to_string(held.cds) + " zone " +
                  std::to_string(mask_of(node.state, node.state.zone_keys)) + " own " +
                  std::to_string(mask_of(node.state, own_keys(node.state))) + " signer " +
                  std::to_string(node.signer.own) + (node.state.is_restored ? " restored" : ""));
        if (random_.chance(loss_)) return;
        // One connection: in order.
        node.pushes_until = std::max(node.pushes_until, now_ + random_.between(0, 2));
        at(node.pushes_until, [this, from, held] {
            Node& it = nodes_[from];
            if (it.is_dead) return;
            if (held == it.combiner) {
                publish(it);
                return;
            }
            it.combiner = held;
            publish(it);
        });
    } else if (const auto* announce = std::get_if<action::Announce>(&action)) {
        Announcement said = announce->announcement;
        if (from == liar_ && random_.chance(0.3)) said = lie(std::move(said));
        send(announce->to, [this, from, said = std::move(said)](Node& receiver) {
            feed(receiver, event::Heard{PeerGate::admit(nodes_[from].policy.identity), said});
        });
    } else if (const auto* fetch = std::get_if<action::Fetch>(&action)) {
        const std::size_t of = find(fetch->identity);
        after(random_.between(0, 2 * delay_), [this, from, of, run = node.run] {
            Node& receiver = nodes_[from];
            if (receiver.run != run || !receiver.is_up) return;
            event::Fetched fetched{nodes_[of].policy.identity, std::nullopt};
            const Node& source = nodes_[of];
            if (source.is_up && !is_cut(from, of) && source.state.has_zone &&
                !random_.chance(loss_)) {
                fetched.contribution = contribution_of(source.policy, source.state);
                if (of == liar_ && random_.chance(0.3)) {
                    Contribution& said = *fetched.contribution;
                    const std::size_t victim = static_cast<std::size_t>(
                        random_.between(0, static_cast<Seconds>(keys_.size()) - 1));
                    switch (random_.between(0, 5)) {
                        case 0: said.keys.push_back(keys_[victim].rdata); break;
                        case 1:
                            said.keys.push_back(keys_[victim].rdata);
                            said.entry_keys.push_back(keys_[victim].rdata);
                            break;
                        case 2: said.keys.clear(); break;
                        case 3: said.entry_keys.clear(); break;
                        case 4: said.name_servers.clear(); break;
                        default:
                            said.name_servers.push_back(servers_[static_cast<std::size_t>(
                                random_.between(0, static_cast<Seconds>(servers_.size()) - 1))]);
                    }
                }
            }
            feed(receiver, fetched);
        });
    } else if (const auto* instruct = std::get_if<action::Instruct>(&action)) {
        event::Instructed said{
            PeerGate::admit(node.policy.identity), 0, 0, Rung::OUT, {}, {}, {}, false};
        said.term = instruct->instruction.term;
        said.epoch = instruct->instruction.epoch;
        said.rung = instruct->instruction.rung;
        Mask dnskey = mask_of(node.state, instruct->instruction.intended.dnskey);
        Mask cds = mask_of(node.state, instruct->instruction.intended.cds);
        Mask ns = mask_of(node.state, instruct->instruction.intended.ns);
        if (from == liar_ && random_.chance(0.5))
            for (Mask* mask : {&dnskey, &cds, &ns})
                *mask = random_.chance(0.5) ? *mask & random_.next() : *mask | random_.next();
        said.dnskeys = rdatas(dnskey);
        said.cdnskeys = rdatas(cds);
        said.name_servers = names(ns);
        said.has_csync = instruct->instruction.intended.csync;
        send(instruct->to, [this, said](Node& receiver) { feed(receiver, said); });
    } else if (const auto* ask = std::get_if<action::AskVote>(&action)) {
        contest(from, ask->term);
        send(ask->of, [this, from, term = ask->term](Node& receiver) {
            feed(receiver, event::VoteAsked{PeerGate::admit(nodes_[from].policy.identity), term});
        });
    } else if (const auto* give = std::get_if<action::GiveVote>(&action)) {
        const bool granted = give->is_granted || (from == liar_ && random_.chance(0.3));
        send(give->to, [this, from, term = give->term, granted](Node& receiver) {
            feed(receiver,
                 event::VoteGiven{PeerGate::admit(nodes_[from].policy.identity), term, granted});
        });
        // Once, and only for the vote that the deaf one has not heard of.
        if (give->is_granted && deaf_ && deaf_ != from && give->term == contested_term_ &&
            contested_vote_) {
            contested_vote_ = false;
            after(1, [this, from] {
                crash(nodes_[from], "after its vote", 120);
                voter_ = from;
            });
        }
    } else if (const auto* report = std::get_if<action::Report>(&action)) {
        trace(letter(from) + ": " + report->text);
        if (report->text.ends_with(": arrived")) ++verdict_.movements;
    }
}

void World::start(Node& node) {
    if (node.is_up || node.is_dead) return;
    ++node.run;
    node.is_up = true;
    node.wake.reset();
    node.survey_due = node.news_due = false;
    node.state = node.disk.empty() ? start_zone(zone_, node.policy) : decode(node.disk).value();
    trace(letter(node.at) + " starts");
    feed(node, event::Started{});
    publish(node);
    plan_survey(node);
}

void World::crash(Node& node, const std::string& why, Seconds longest) {
    if (!node.is_up) return;
    node.is_up = false;
    ++node.run;
    trace(letter(node.at) + " crashes " + why);
    const std::size_t p = node.at;
    // Some are up again before anybody misses them.
    const Seconds pause = random_.between(1, 2 * longest);
    after(pause > longest ? 1 + pause % std::min<Seconds>(20, longest) : pause,
          [this, p, run = node.run] {
              if (nodes_[p].run == run) start(nodes_[p]);
          });
}

// The network and the machines fail just when it matters who voted for whom.
void World::contest(std::size_t candidate, std::uint64_t term) {
    if (deaf_ == candidate) {
        deaf_.reset();
        if (voter_) after(0, [this, voter = *voter_] { start(nodes_[voter]); });
        voter_.reset();
    }
    if (contests_ == 0 || term <= contested_term_ || now_ >= faults_end_ || deaf_) return;
    // With two, both votes are needed anyway.
    const ZoneState& state = nodes_[candidate].state;
    std::vector<std::size_t> others;
    for (const std::size_t at : electorate(nodes_[candidate].policy, state))
        if (at != 0) others.push_back(number_of(state.providers[at].identity));
    if (others.size() < 2) return;
    contested_term_ = term;
    --contests_;
    contested_vote_ = true;
    deaf_ = others[static_cast<std::size_t>(
        random_.between(0, static_cast<Seconds>(others.size()) - 1))];
    deaf_until_ = now_ + 120;
    faults_end_ = std::max(faults_end_, deaf_until_);
    trace(letter(*deaf_) + " hears nobody until it calls an election");
}

void World::plan_survey(Node& node) {
    if (!node.is_up) return;
    if (node.state.has_news && node.state.has_surveyed && !node.news_due) {
        node.news_due = true;
        after(2, [this, p = node.at, run = node.run] {
            Node& it = nodes_[p];
            if (it.run != run) return;
            it.news_due = false;
            if (it.state.has_news) survey(it);
        });
    }
    if (node.survey_due) return;
    node.survey_due = true;
    const bool is_often =
        is_busy(node.state) || node.signer.coming != 0 || !node.state.has_surveyed;
    const std::size_t p = node.at;
    after(is_often ? survey_interval_ : 6 * survey_interval_, [this, p, run = node.run] {
        Node& it = nodes_[p];
        if (it.run != run) return;
        it.survey_due = false;
        survey(it);
    });
}

void World::survey(Node& node) {
    Survey survey;
    for (const Node& other : nodes_) {
        Survey::Of of;
        of.identity = other.policy.identity;
        for (const NameServer& server : other.servers) {
            if (server.is_switched_off) continue;
            ServerAnswer answer;
            answer.server = servers_[server.number];
            const bool is_up = caches_.provider(other.at).up >> server.number & 1;
            const bool is_seen =
                other.at == node.at || (!blind_[node.at] && !random_.chance(loss_ / 4));
            if (is_up && is_seen) answer.apex = server.apex;
            of.servers.push_back(std::move(answer));
        }
        survey.providers.push_back(std::move(of));
    }
    for (std::size_t s = 0; s < parent_servers; ++s) {
        ParentAnswer answer;
        if (!blind_[node.at] && !random_.chance(loss_ / 4)) {
            const ParentVersion& version = parent_served_[s];
            answer.answered = true;
            for (std::size_t at = 0; at < keys_.size(); ++at)
                if (version.ds >> at & 1) answer.ds.push_back(keys_[at].ds);
            answer.name_servers = names(version.ns);
            answer.ds_ttl = static_cast<std::uint32_t>(version.ds_ttl);
            answer.ns_ttl = static_cast<std::uint32_t>(version.ns_ttl);
        }
        survey.parent.push_back(std::move(answer));
    }
    feed(node, event::Surveyed{std::move(survey)});
    operate_signer(node);
}

void World::switch_off_servers(Node& node, const Advice& may) {
    for (NameServer& server : node.servers) {
        if (!server.is_withdrawn || server.is_switched_off) continue;
        bool is_permitted = false;
        for (const std::size_t at : may.may_switch_off)
            is_permitted |= node.state.servers[at].name == servers_[server.number];
        if (!is_permitted) continue;
        caches_.settle(now_);
        server.is_switched_off = true;
        caches_.provider(node.at).up &= ~(Mask(1) << server.number);
        is_dirty_ = true;
        trace(letter(node.at) + " switches off " + servers_[server.number].to_text());
    }
}

// The signer's operator, or its hook, does what the agent says is safe.
void World::operate_signer(Node& node) {
    if (!node.is_up) return;
    Signer& signer = node.signer;
    const Advice may = advice(node.policy, node.state);
    switch_off_servers(node, may);
    if (may.may_stop && !node.has_stopped && caches_.provider(node.at).was_told_to_stop &&
        random_.chance(0.2) && node.at != liar_) {
        caches_.settle(now_);
        node.has_stopped = true;
        caches_.provider(node.at).up = 0;
        is_dirty_ = true;
        trace(letter(node.at) + " stops answering");
    }
    if (signer.coming == 0) return;
    const Mask may_sign = mask_of(node.state, may.may_sign);
    const Mask may_remove = mask_of(node.state, may.may_remove);
    const Mask may_withdraw = mask_of(node.state, may.may_withdraw);
    bool is_new = false;
    const Mask zone_coming = signer.coming & ~signer.zone;
    Mask zone_wanted = 0;
    for (std::size_t at = 0; at < keys_.size(); ++at)
        if ((zone_coming >> at & 1) && (!keys_[at].is_entry || signer.is_combined))
            zone_wanted |= Mask(1) << at;
    const bool keeps_signing = signer.roll == Roll::algorithm;
    if (zone_wanted != 0 && (zone_wanted & ~may_sign) == 0) {
        trace(letter(node.at) + " signs with its new zone key");
        // With both algorithms, as long as a cached DS RRset may ask for the old one.
        signer.zone = (keeps_signing ? signer.zone : signer.zone & ~signer.going) | zone_wanted;
        is_new = true;
    } else if (zone_wanted == 0) {
        const Mask old_entry = signer.going & signer.entry;
        const Mask withdrawn = mask_of(node.state, node.state.withdrawn);
        if ((old_entry & ~withdrawn) != 0 && (old_entry & ~may_withdraw) == 0) {
            for (const Bytes& key : rdatas(old_entry)) feed(node, event::Withdrawn{key});
            trace(letter(node.at) + " withdraws its old entry key");
        }
        const Mask stops = keeps_signing ? signer.going & signer.zone & may_stop_signing(node) : 0;
        if (stops != 0) {
            trace(letter(node.at) + " signs by the new algorithm alone");
            signer.zone &= ~stops;
            is_new = true;
        }
        const Mask goes = signer.going & signer.own & may_remove;
        if (goes != 0) {
            trace(letter(node.at) + " removes its old key");
            signer.own &= ~goes;
            signer.entry &= ~goes;
            signer.zone &= ~goes;
            signer.going &= ~goes;
            is_new = true;
        }
        if (signer.going == 0) signer.coming = 0;
    }
    if (is_new) publish(node);
}

void World::begin_roll(Node& node) {
    Signer& signer = node.signer;
    if (signer.coming != 0 || keys_.size() + 2 > most_keys || node.is_dead) return;
    const std::uint8_t algorithm =
        keys_[static_cast<std::size_t>(__builtin_ctzll(signer.own))].algorithm;
    const bool rolls_entry = signer.is_combined || random_.chance(0.5);
    const Mask key = Mask(1) << new_key(node.at, algorithm, rolls_entry);
    signer.coming = key;
    if (rolls_entry) {
        signer.going = signer.entry;
        signer.entry |= key;
    } else {
        signer.going = signer.zone;
    }
    signer.own |= key;
    signer.coming_rdatas = rdatas(signer.coming);
    signer.going_rdatas = rdatas(signer.going);
    signer.roll = signer.is_combined ? Roll::csk : rolls_entry ? Roll::ksk : Roll::zsk;
    trace(letter(node.at) + " begins to roll its " +
          (signer.is_combined ? "CSK"
           : rolls_entry      ? "KSK"
                              : "ZSK"));
    publish(node);
}

void World::publish_parent(const ParentVersion& version) {
    parent_before_ = parent_;
    parent_ = version;
    parent_.ds_algorithms = algorithms_of(parent_.ds);
    trace("the parent has another version: DS " + std::to_string(version.ds) + " TTL " +
          std::to_string(version.ds_ttl) + ", NS " + std::to_string(version.ns) + " TTL " +
          std::to_string(version.ns_ttl));
    for (std::size_t s = 0; s < parent_servers; ++s) {
        const Seconds when =
            std::max(parent_loads_until_[s], now_ + random_.between(0, parent_publication_));
        parent_loads_until_[s] = when;
        at(when, [this, s, version = parent_] {
            caches_.settle(now_);
            parent_served_[s] = version;
            caches_.load_parent(s, version);
            is_dirty_ = true;
        });
    }
}

void World::poll_parent() {
    after(random_.between(poll_interval_ / 2, poll_interval_), [this] { poll_parent(); });
    if (now_ < parent_asleep_until_) return;
    if (parent_.ds == 0) {
        // By hand: what all that are ON publish alike.
        std::optional<ZoneVersion> model;
        bool is_alike = true;
        for (const Node& node : nodes_) {
            if (node.is_dead || node.state.providers.empty()) continue;
            const Position& position = node.state.providers.front().position;
            if (!position.has_keys() || position.process == ProcessKind::leave) continue;
            for (const NameServer& server : node.servers) {
                if (server.is_switched_off) continue;
                if (!model) model = server.version;
                is_alike &= server.version.ns == model->ns && server.version.cds == model->cds;
            }
        }
        if (!model || !is_alike) return;
        ParentVersion version = parent_;
        version.ns = model->ns;
        version.ds = model->cds;
        if (!(version == parent_)) publish_parent(version);
        return;
    }
    // From any server that the delegation names: its CDS, then its CSYNC.
    std::vector<std::size_t> candidates;
    for (std::size_t at = 0; at < servers_.size(); ++at)
        if ((parent_.ns >> at & 1) && (caches_.provider(server_owners_[at]).up >> at & 1))
            candidates.push_back(at);
    if (candidates.empty()) return;
    const std::size_t server = candidates[static_cast<std::size_t>(
        random_.between(0, static_cast<Seconds>(candidates.size()) - 1))];
    ZoneVersion zone;
    for (const NameServer& it : nodes_[server_owners_[server]].servers)
        if (it.number == server) zone = it.version;
    if ((zone.signers & zone.keys & parent_.ds) == 0) return;
    ParentVersion version = parent_;
    if (zone.cds != 0) version.ds = zone.cds;
    if (zone.csync) version.ns = zone.ns;
    version.ds_algorithms = algorithms_of(version.ds);
    if (!(version == parent_)) publish_parent(version);
}

// The owner's zone comes to each signer at its own time.
void World::say_roster() {
    std::string text = "the owner says ON:";
    for (std::size_t p = 0; p < nodes_.size(); ++p)
        if (on_ >> p & 1) text += " " + letter(p);
    trace(text);
    last_change_ = now_;
    for (std::size_t p = 0; p < nodes_.size(); ++p) {
        after(random_.between(0, owner_delay_),
              [this, p, on = on_, named = named_, other = other_records_,
               version = ++owner_version_] {
                  Node& node = nodes_[p];
                  if (node.is_dead || version < node.owner_version) return;
                  node.owner_version = version;
                  node.roster_on = on;
                  node.roster_named = named;
                  node.roster_other = other;
                  publish(node);
              });
    }
}

void World::fault(Seconds when, Task task) {
    const std::size_t number = verdict_.faults++;
    if (number < settings_.left_out.size() && settings_.left_out[number]) return;
    faults_end_ = std::max(faults_end_, when);
    at(when, std::move(task));
}

void World::plan_faults() {
    const Seconds span = random_.between(500, 6000);
    const auto any = [&] {
        return static_cast<std::size_t>(
            random_.between(0, static_cast<Seconds>(nodes_.size()) - 1));
    };
    const auto some_time = [&] { return beginning + random_.between(60, span); };
    const int flips = static_cast<int>(random_.between(1, 4));
    Mask on = on_;
    std::vector<Seconds> times;
    for (int flip = 0; flip < flips; ++flip) times.push_back(some_time());
    std::sort(times.begin(), times.end());
    for (const Seconds when : times) {
        const Mask bit = Mask(1) << any();
        Mask flipped = on ^ bit;
        if (flipped == 0) flipped = on;
        on = flipped;
        fault(when, [this, bit] {
            Mask next = on_ ^ bit;
            for (const Node& node : nodes_)
                if (node.is_dead) next &= ~(Mask(1) << node.at);
            if (next == 0) return;
            on_ = next;
            named_ |= bit;
            say_roster();
        });
    }
    if (settings_.has_rolls) {
        const int rolls = static_cast<int>(random_.between(0, 3));
        for (int roll = 0; roll < rolls; ++roll) {
            const std::size_t p = any();
            fault(some_time(), [this, p] { begin_roll(nodes_[p]); });
        }
    }
    if (!settings_.has_faults) return;
    if (random_.chance(0.5)) {
        loss_ = static_cast<double>(random_.between(1, 40)) / 100;
        delay_ = random_.between(1, 60);
        crash_ = random_.chance(0.5) ? static_cast<double>(random_.between(1, 10)) / 100 : 0;
        fault(beginning + span, [this] { loss_ = 0, delay_ = 2, crash_ = 0; });
        if (!settings_.left_out.empty() && settings_.left_out[verdict_.faults - 1])
            loss_ = crash_ = 0, delay_ = 2;
    }
    if (settings_.mode != Settings::Mode::peer && nodes_.size() > 2 && random_.chance(0.5))
        fault(beginning, [this] { contests_ = 4; });
    const int faults = static_cast<int>(random_.between(0, 6));
    for (int count = 0; count < faults; ++count) {
        const std::size_t p = any(), q = any();
        const Seconds when = some_time(), length = random_.between(30, 1500);
        switch (random_.between(0, 9)) {
            case 0: fault(when, [this, p] { crash(nodes_[p], "by itself"); }); break;
            case 1:
                fault(when, [this, p, q, length] {
                    trace(letter(p) + " and " + letter(q) + " are cut off");
                    cut_[p * 8 + q] = true;
                    after(length, [this, p, q] { cut_[p * 8 + q] = false; });
                });
                faults_end_ = std::max(faults_end_, when + length);
                break;
            case 2:
                fault(when, [this, p, length] {
                    trace(letter(p) + " cannot ask any name server");
                    blind_[p] = true;
                    after(length, [this, p] { blind_[p] = false; });
                });
                faults_end_ = std::max(faults_end_, when + length);
                break;
            case 3:
                fault(when, [this, p] {
                    Node& node = nodes_[p];
                    if (node.backups.empty() || node.is_dead) return;
                    if (node.is_up) crash(node, "and comes back with an old disk");
                    node.disk = node.backups.front();
                });
                break;
            case 4:
                fault(when, [this, p] {
                    trace("the clock of " + letter(p) + " steps");
                    nodes_[p].wall_error += random_.between(-86400, 86400);
                });
                break;
            case 5:
                fault(when, [this, length] { parent_asleep_until_ = now_ + length; });
                faults_end_ = std::max(faults_end_, when + length);
                break;
            case 6:
                fault(when, [this, p] {
                    Node& node = nodes_[p];
                    node.key_ttl = random_.between(30, 1500);
                    if (!settings_.is_insecure) node.data_ttl = random_.between(30, 1500);
                    node.ns_ttl = random_.between(30, 1500);
                    trace("TTLs of " + letter(p) + " change");
                    publish(node);
                });
                break;
            case 7:
                // The whole provider, for good; the owner finds out.
                fault(when, [this, p] {
                    Mask alive = 0;
                    for (const Node& node : nodes_)
                        if (!node.is_dead && (on_ >> node.at & 1) && node.at != p)
                            alive |= Mask(1) << node.at;
                    // Somebody must stay who serves the zone.
                    bool is_left = false;
                    for (const Node& node : nodes_)
                        is_left |= (alive >> node.at & 1) && node.is_up &&
                                   !node.state.providers.empty() &&
                                   node.state.providers.front().position.is_settled() &&
                                   (parent_.ns & caches_.provider(node.at).servers) != 0;
                    if (alive == 0 || !is_left || nodes_[p].is_dead) return;
                    trace(letter(p) + " is lost");
                    caches_.settle(now_);
                    Node& node = nodes_[p];
                    node.is_dead = true;
                    node.is_up = false;
                    ++node.run;
                    caches_.provider(p).up = 0;
                    caches_.provider(p).is_excused = true;
                    after(random_.between(10, 600), [this, p] {
                        const Mask next = on_ & ~(Mask(1) << p);
                        if (next == 0) return;
                        on_ = next;
                        say_roster();
                    });
                });
                faults_end_ = std::max(faults_end_, when + 600);
                break;
            case 8: {
                // Its agent is gone for long, so that nobody says what its signer does; and
                // the owner gives it up.
                const Seconds ttl = random_.between(1500, 4000);
                const Seconds pause = length + 2 * ttl;
                fault(when, [this, p, pause, ttl] {
                    Node& node = nodes_[p];
                    const Mask others = on_ & ~(Mask(1) << p);
                    bool is_left = false;
                    for (const Node& other : nodes_)
                        is_left |= (others >> other.at & 1) && !other.is_dead;
                    if (!is_left || node.is_dead || !node.is_up) return;
                    trace(letter(p) + " loses its agent, its DNSKEY TTL is " + std::to_string(ttl));
                    node.is_up = false;
                    const std::uint64_t run = ++node.run;
                    node.key_ttl = ttl;
                    publish(node);
                    sum_of_waits_ += 2 * ttl;
                    after(pause, [this, p, run] {
                        if (nodes_[p].run == run) start(nodes_[p]);
                    });
                    after(random_.between(10, 600), [this, p] {
                        const Mask next = on_ & ~(Mask(1) << p);
                        if (next == 0) return;
                        on_ = next;
                        say_roster();
                    });
                });
                faults_end_ = std::max(faults_end_, when + pause);
                break;
            }
            default:
                fault(when, [this] {
                    const Seconds ds = random_.between(30, 1500);
                    const Seconds ns = random_.between(30, 1500);
                    // What no survey between two changes can see, nobody can wait for.
                    if (now_ < parent_ttls_seen_) return;
                    parent_ttls_seen_ = now_ + parent_publication_ + 7 * survey_interval_;
                    ds_ttl_ = ds;
                    parent_ns_ttl_ = ns;
                    ParentVersion version = parent_;
                    version.ds_ttl = ds_ttl_;
                    version.ns_ttl = parent_ns_ttl_;
                    publish_parent(version);
                });
                break;
        }
    }
}

void World::check() {
    if (!verdict_.violation.empty()) return;
    verdict_.violation = caches_.check(now_);
}

// By its own view, in a term in which it did not lead before.
bool World::is_new_leader(const Node& node) {
    if (!leads(node.policy, node.state) || is_peer_mode(node.policy, node.state)) return false;
    return led_.emplace(node.at, node.state.election.term).second;
}

void World::check_machines() {
    for (const Node& a : nodes_) {
        if (!a.is_up || a.at == liar_) continue;
        const ZoneState& state = a.state;
        if (settings_.mode != Settings::Mode::peer && is_new_leader(a)) {
            Mask voters = 0;
            for (const std::size_t at : electorate(a.policy, state))
                voters |=
                    Mask(1) << static_cast<Mask>(state.providers[at].identity.wire()[5] - 'a');
            const auto [found, is_new] =
                leaders_.emplace(std::pair(state.election.term, voters), a.at);
            // Who votes twice can make two: neither alone makes anybody remove anything.
            if (!is_new && found->second != a.at && !settings_.has_liar &&
                verdict_.violation.empty())
                verdict_.violation =
                    "I11: two leaders in term " + std::to_string(state.election.term);
        }
        if (state.movement.is_over() || !state.movement.has_met || state.is_recovering ||
            !state.is_caught_up)
            continue;
        for (const Node& b : nodes_) {
            if (b.at <= a.at || !b.is_up || b.at == liar_) continue;
            const Movement& other = b.state.movement;
            if (other.is_over() || !other.has_met || other.epoch != state.movement.epoch ||
                b.state.is_recovering || !b.state.is_caught_up)
                continue;
            // A leaver follows as it can.
            const auto counts = [](const Node& node, const Node& of) {
                const auto at = find_provider(node.state, of.policy.identity);
                return at && voices(node.policy, node.state).contains(*at);
            };
            if (!counts(a, a) || !counts(a, b) || !counts(b, a) || !counts(b, b)) continue;
            // A lie can set a subject back, while nobody reaches it: that breaks nothing else.
            if (settings_.has_liar) continue;
            const int apart = int(state.movement.index) - int(other.index);
            if ((apart > 1 || apart < -1) && verdict_.violation.empty())
                verdict_.violation =
                    "I13 one rung: " + letter(a.at) + " and " + letter(b.at) + " are further apart";
        }
    }
}

bool World::has_arrived(std::string& what) const {
    for (const Node& node : nodes_) {
        if (node.is_dead) continue;
        if (!node.is_up) {
            what = letter(node.at) + " is down";
            return false;
        }
        const bool is_on = on_ >> node.at & 1;
        const ZoneState& state = node.state;
        if (is_on != state.providers.front().position.is_settled()) {
            what = letter(node.at) + (is_on ? " is not in" : " is not out");
            return false;
        }
        if (!is_on) continue;
        for (const Node& other : nodes_) {
            const bool other_on = on_ >> other.at & 1;
            bool is_settled = false, has_part = false;
            for (const auto& provider : state.providers) {
                if (!(provider.identity == other.policy.identity)) continue;
                is_settled = provider.position.is_settled();
                has_part = provider.position.has_keys();
            }
            if (other_on ? !is_settled : has_part) {
                what = letter(node.at) + " has not seen the end for " + letter(other.at);
                return false;
            }
        }
        if (!state.movement.is_over() || node.signer.coming != 0 || is_busy(state)) {
            what = letter(node.at) + " is busy";
            return false;
        }
    }
    return true;
}

// Nothing in caches asks for what these keys sign.
Mask World::may_stop_signing(const Node& node) const {
    const Advice may = advice(node.policy, node.state);
    return mask_of(node.state, may.may_stop_signing);
}

void World::own(Mask on, Mask named, std::vector<Bytes> other) {
    on_ = on;
    named_ = named;
    other_records_ = std::move(other);
    say_roster();
}

void World::kill(std::size_t at) {
    Node& node = nodes_[at];
    if (!node.is_up) return;
    node.is_up = false;
    ++node.run;
    trace(letter(at) + " is killed");
}

void World::restart(std::size_t at) { start(nodes_[at]); }

void World::lose(std::size_t at) {
    Node& node = nodes_[at];
    trace(letter(at) + " is lost");
    caches_.settle(now_);
    node.is_dead = true;
    node.is_up = false;
    ++node.run;
    caches_.provider(at).up = 0;
    caches_.provider(at).is_excused = true;
    is_dirty_ = true;
}

void World::back_up(std::size_t at) { nodes_[at].backups = {nodes_[at].disk}; }

bool World::restore(std::size_t at) {
    Node& node = nodes_[at];
    if (node.backups.empty() || node.is_dead) return false;
    kill(at);
    node.disk = node.backups.front();
    start(node);
    return true;
}

void World::cut(std::size_t a, std::size_t b, bool is_cut) {
    cut_[a * 8 + b] = cut_[b * 8 + a] = is_cut;
}

bool World::revert_parent() {
    if (parent_before_.ns == 0) return false;
    trace("the parent reverts");
    publish_parent(ParentVersion(parent_before_));
    return true;
}

void World::delay_parent_server(std::size_t server, Seconds by) {
    parent_loads_until_[server] = std::max(parent_loads_until_[server], now_ + by);
}

void World::delay_server(std::size_t at, std::size_t server, Seconds by) {
    NameServer& it = nodes_[at].servers[server];
    it.loads_until = std::max(it.loads_until, now_ + by);
}

void World::set_parent_ttls(Seconds ds, Seconds ns) {
    ParentVersion version = parent_;
    version.ds_ttl = ds_ttl_ = ds;
    version.ns_ttl = parent_ns_ttl_ = ns;
    publish_parent(version);
}

void World::set_ttls(std::size_t at, Seconds key, Seconds data, Seconds ns) {
    Node& node = nodes_[at];
    node.key_ttl = key;
    node.data_ttl = data;
    node.ns_ttl = ns;
    publish(node);
}

void World::set_dropping(std::size_t at, bool keys, bool cds, bool ns) {
    Signer& signer = nodes_[at].signer;
    signer.drops_keys = keys;
    signer.drops_cds = cds;
    signer.drops_ns = ns;
    publish(nodes_[at]);
}

bool World::roll(std::size_t at, Roll roll, std::uint8_t algorithm) {
    Node& node = nodes_[at];
    Signer& signer = node.signer;
    if (signer.coming != 0 || keys_.size() + 2 > most_keys) return false;
    if (roll != Roll::algorithm && signer.is_combined != (roll == Roll::csk)) return false;
    if (roll != Roll::algorithm)
        algorithm = keys_[static_cast<std::size_t>(__builtin_ctzll(signer.own))].algorithm;
    signer.roll = roll;
    if (roll == Roll::zsk) {
        signer.going = signer.zone;
        signer.coming = Mask(1) << new_key(at, algorithm, false);
    } else {
        const Mask entry = Mask(1) << new_key(at, algorithm, true);
        signer.going = roll == Roll::algorithm ? signer.own : signer.entry;
        signer.coming = entry;
        if (roll == Roll::algorithm && !signer.is_combined)
            signer.coming |= Mask(1) << new_key(at, algorithm, false);
        signer.entry |= entry;
    }
    signer.own |= signer.coming;
    signer.coming_rdatas = rdatas(signer.coming);
    signer.going_rdatas = rdatas(signer.going);
    const char* const what = roll == Roll::zsk   ? "ZSK"
                             : roll == Roll::ksk ? "KSK"
                             : roll == Roll::csk ? "CSK"
                                                 : "algorithm";
    trace(letter(at) + " begins to roll its " + what);
    publish(node);
    return true;
}

bool World::change_servers(std::size_t at, std::size_t added, std::size_t withdrawn) {
    Node& node = nodes_[at];
    std::vector<NameServer*> contributed;
    for (NameServer& server : node.servers)
        if (!server.is_withdrawn) contributed.push_back(&server);
    if (withdrawn >= contributed.size() + added || withdrawn > contributed.size()) return false;
    for (std::size_t count = 0; count < withdrawn; ++count) {
        contributed[count]->is_withdrawn = true;
        const dns::Name& gone = servers_[contributed[count]->number];
        std::erase(node.policy.name_servers, gone);
        trace(letter(at) + " withdraws " + gone.to_text());
    }
    for (std::size_t count = 0; count < added; ++count) {
        caches_.settle(now_);
        add_server(node);
        NameServer& server = node.servers.back();
        server.apex = node.apex;
        server.version = node.version;
        caches_.provider(at).up |= Mask(1) << server.number;
        caches_.load(at, server.number, node.version);
        is_dirty_ = true;
        trace(letter(at) + " adds " + servers_[server.number].to_text());
    }
    // The configuration is read at a start.
    kill(at);
    start(node);
    return true;
}

// One task. False: there is nothing more to come, or an invariant is broken.
bool World::proceed() {
    if (queue_.empty()) return false;
    const Seconds when = queue_.top().at;
    if (when > now_) {
        if (is_dirty_) {
            is_dirty_ = false;
            check();
        }
        now_ = std::max(now_, when);
    }
    if (!verdict_.violation.empty()) return false;
    const Task task = std::move(const_cast<Scheduled&>(queue_.top()).task);
    queue_.pop();
    task();
    return verdict_.violation.empty();
}

bool World::pass(Seconds until) {
    while (!queue_.empty() && queue_.top().at <= until)
        if (!proceed()) return false;
    if (is_dirty_) {
        is_dirty_ = false;
        check();
    }
    now_ = std::max(now_, until);
    return verdict_.violation.empty();
}

Verdict World::run() {
    check();
    const Seconds movements = static_cast<Seconds>(nodes_.size()) + 5;
    while (!queue_.empty() && verdict_.violation.empty()) {
        const Seconds when = queue_.top().at;
        if (when > now_) {
            if (is_dirty_) {
                is_dirty_ = false;
                check();
                if (!verdict_.violation.empty()) break;
            }
            if (when > faults_end_ + 30 && has_arrived(verdict_.unarrived)) {
                verdict_.has_arrived = true;
                break;
            }
            if (when > faults_end_ + 3 * movements * sum_of_waits_) break;
            now_ = when;
        }
        const Task task = std::move(const_cast<Scheduled&>(queue_.top()).task);
        queue_.pop();
        task();
    }
    if (is_dirty_ && verdict_.violation.empty()) check();
    if (!verdict_.violation.empty()) trace("VIOLATED " + verdict_.violation);
    verdict_.multiple = double(now_ - faults_end_) / double(sum_of_waits_);
    if (!verdict_.has_arrived && settings_.is_traced && verdict_.violation.empty()) {
        for (const Node& node : nodes_) {
            if (!node.is_up) continue;
            trace(letter(node.at) + " is in epoch " + std::to_string(node.state.movement.epoch) +
                  ", " + describe(node.state) + (node.state.movement.has_met ? "" : ", not met") +
                  (node.state.is_recovering ? ", recovering" : "") +
                  (is_peer_mode(node.policy, node.state)
                       ? ""
                       : ", term " + std::to_string(node.state.election.term) +
                             (leads(node.policy, node.state)              ? " leads"
                              : leader_in_charge(node.policy, node.state) ? " follows"
                                                                          : " nobody leads")) +
                  (node.state.is_held_back ? " held back" : "") +
                  (node.state.is_caught_up ? "" : " NOT CAUGHT UP") +
                  (node.state.instruction
                       ? " instructed in term " + std::to_string(node.state.instruction->term)
                       : ""));
            if (settings_.is_detailed) {
                if (!node.state.movement.is_over()) {
                    const Judgement j = judge(node.policy, node.state);
                    trace("    elapsed " + std::to_string(node.state.elapsed.count() / 1000) +
                          " hold until " +
                          (j.hold_end ? std::to_string(j.hold_end->count() / 1000)
                                      : std::string("-")) +
                          " ns since " +
                          std::to_string(node.state.movement.ns.at().count() / 1000) + " keys " +
                          std::to_string(node.state.movement.keys.at().count() / 1000) + " ds " +
                          std::to_string(node.state.movement.ds.at().count() / 1000));
                }
                for (const auto& pr : node.state.providers)
                    trace("    furthest of " + pr.identity.to_text() + " " +
                          std::to_string(pr.furthest.epoch) + "/" +
                          std::to_string(pr.furthest.steps) + " ttls " +
                          std::to_string(pr.dnskey_ttl.largest) + " " +
                          std::to_string(pr.ns_ttl.largest) + " " +
                          std::to_string(pr.largest_ttl.largest));
                for (const auto& k : node.state.keys)
                    if (!k.is_free())
                        trace(
                            "    key " + std::to_string(key_numbers_[k.rdata]) + " owners " +
                            std::to_string(k.owners.bits()) + " unused " +
                            std::to_string(k.unused.is_set()
                                               ? (node.state.elapsed - k.unused.at()).count() / 1000
                                               : -1) +
                            (k.signs.is_set() ? " signs" : "") + (k.in_ds.is_set() ? " ds" : "") +
                            (k.algorithm_everywhere.is_set() ? "" : " NOT-EVERYWHERE"));
                const auto show = [&](const Intended& i) {
                    return "dnskey " + std::to_string(mask_of(node.state, i.dnskey)) + " cds " +
                           std::to_string(mask_of(node.state, i.cds)) + " ns " +
                           std::to_string(mask_of(node.state, i.ns)) + (i.csync ? " csync" : "");
                };
                trace("    wanted " + show(node.state.wanted) + " target " +
                      show(intended_for(node.policy, node.state, 0)) + " zone " +
                      std::to_string(mask_of(node.state, node.state.zone_keys)) + " injected " +
                      std::to_string(mask_of(node.state, node.state.injected)) + " cds " +
                      std::to_string(mask_of(node.state, node.state.zone_cds)) + " ns " +
                      std::to_string(mask_of(node.state, node.state.zone_ns)));
            }
            if (settings_.is_detailed)
                for (const auto& pr : node.state.providers) {
                    std::string l;
                    if (pr.heard)
                        for (const HeardRung& r : pr.heard->rungs())
                            l += " " + std::string(proto::to_text(r.process)) + "/" +
                                 (r.provider() ? node.state.providers[*r.provider()].identity
                                               : pr.heard->strangers[r.subject - proto::most_rungs])
                                     .to_text() +
                                 "/" + std::string(proto::to_text(r.rung)) + "/" +
                                 std::string(proto::to_text(r.status));
                    trace("    " + pr.identity.to_text() + " keys " +
                          std::to_string(mask_of(node.state, pr.keys)) + " entry " +
                          std::to_string(mask_of(node.state, pr.entry_keys)) + " announced " +
                          std::to_string(mask_of(node.state, pr.announced_entry)) + " wanted " +
                          std::to_string(int(pr.wanted)) + " heard " +
                          (pr.heard ? std::to_string(pr.heard->epoch) +
                                          (pr.heard->roster == node.state.roster.hash
                                               ? ""
                                               : " OTHER ROSTER") +
                                          l
                                    : std::string("no")));
                }
            for (const Wait& wait : waits(node.policy, node.state))
                trace("  waits for " + wait.text);
        }
    }
    return std::move(verdict_);
}

const char* to_text(Settings::Mode mode) {
    switch (mode) {
        case Settings::Mode::peer: return "peer";
        case Settings::Mode::leader_follower: return "leader-follower";
        default: return "mixed";
    }
}

Settings settings_of(std::uint64_t seed) {
    Random random(seed ^ 0x5eed);
    Settings settings;
    settings.providers = static_cast<std::size_t>(random.between(2, 5));
    switch (random.between(0, 3)) {
        case 0: settings.mode = Settings::Mode::leader_follower; break;
        case 1: settings.mode = Settings::Mode::mixed; break;
        default: break;
    }
    settings.has_faults = random.chance(0.8);
    settings.is_insecure = random.chance(0.15);
    return settings;
}

Verdict simulate(std::uint64_t seed, const Settings& settings) {
    return World(seed, settings).run();
}

}  // namespace chorale::simulation
