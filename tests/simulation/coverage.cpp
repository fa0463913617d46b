#include "tests/simulation/coverage.hpp"

#include <algorithm>
#include <utility>

#include "msa/core/election.hpp"
#include "msa/core/ladder.hpp"
#include "msa/core/movement.hpp"

namespace chorale::simulation {

using namespace chorale::msa;

namespace {

std::string text(ProcessKind process) { return std::string(proto::to_text(process)); }
std::string text(Rung rung) { return std::string(proto::to_text(rung)); }
std::string text(RungStatus status) { return std::string(proto::to_text(status)); }

std::string at(ProcessKind process, Rung rung) { return text(process) + " " + text(rung); }

// What a provider's own change goes through; a movement has rungs instead.
enum class Phase : std::uint8_t {
    begins,
    may_sign,
    signs,
    is_in_ds,
    may_withdraw,
    may_stop_signing,
    may_remove,
    may_switch_off,
    ends,
};
const char* text(Phase phase) {
    switch (phase) {
        case Phase::begins: return "begins";
        case Phase::may_sign: return "may sign";
        case Phase::signs: return "signs";
        case Phase::is_in_ds: return "is in the DS RRset";
        case Phase::may_withdraw: return "may withdraw the old";
        case Phase::may_stop_signing: return "may stop signing with the old";
        case Phase::may_remove: return "may remove the old";
        case Phase::may_switch_off: return "may switch off the old";
        case Phase::ends: return "ends";
    }
    return "";
}

// A kind of process either moves providers along rungs, or goes through phases at one.
std::vector<Phase> phases_of(ProcessKind process) {
    using enum Phase;
    switch (process) {
        case ProcessKind::join:
        case ProcessKind::leave:
        case ProcessKind::setup: return {};
        case ProcessKind::zsk_roll: return {begins, may_sign, signs, may_remove, ends};
        case ProcessKind::ksk_roll: return {begins, is_in_ds, may_withdraw, may_remove, ends};
        case ProcessKind::csk_roll:
            return {begins, may_sign, signs, is_in_ds, may_withdraw, may_remove, ends};
        case ProcessKind::algorithm_roll:
            return {begins,       may_sign,         signs,      is_in_ds,
                    may_withdraw, may_stop_signing, may_remove, ends};
        case ProcessKind::name_servers: return {begins, may_switch_off, ends};
    }
    return {};
}

std::string at(ProcessKind process, Phase phase) { return text(process) + ": " + text(phase); }

ProcessKind process_of(Roll roll) {
    switch (roll) {
        case Roll::zsk: return ProcessKind::zsk_roll;
        case Roll::ksk: return ProcessKind::ksk_roll;
        case Roll::csk: return ProcessKind::csk_roll;
        case Roll::algorithm: break;
    }
    return ProcessKind::algorithm_roll;
}

// Every kind of event and of action has a name here, or this does not compile.
const char* name_of(const event::Started*) { return "event started"; }
const char* name_of(const event::Woken*) { return "event woken"; }
const char* name_of(const event::ZoneSeen*) { return "event zone seen"; }
const char* name_of(const event::Surveyed*) { return "event surveyed"; }
const char* name_of(const event::PeerChanged*) { return "event peer changed"; }
const char* name_of(const event::Heard*) { return "event heard"; }
const char* name_of(const event::Fetched*) { return "event fetched"; }
const char* name_of(const event::Instructed*) { return "event instructed"; }
const char* name_of(const event::VoteAsked*) { return "event vote asked"; }
const char* name_of(const event::VoteGiven*) { return "event vote given"; }
const char* name_of(const event::Paused*) { return "event paused"; }
const char* name_of(const event::Retried*) { return "event retried"; }
const char* name_of(const event::Withdrawn*) { return "event withdrawn"; }
const char* name_of(const event::RemovedAtOnce*) { return "event removed at once"; }
const char* name_of(const action::Push*) { return "action push"; }
const char* name_of(const action::Announce*) { return "action announce"; }
const char* name_of(const action::Fetch*) { return "action fetch"; }
const char* name_of(const action::Instruct*) { return "action instruct"; }
const char* name_of(const action::AskVote*) { return "action ask vote"; }
const char* name_of(const action::GiveVote*) { return "action give vote"; }
const char* name_of(const action::Report*) { return "action report"; }

template <class Variant, std::size_t... at>
void name_each(std::vector<std::string>& all, std::index_sequence<at...>) {
    (all.push_back(name_of(static_cast<const std::variant_alternative_t<at, Variant>*>(nullptr))),
     ...);
}
template <class Variant>
void name_all(std::vector<std::string>& all) {
    name_each<Variant>(all, std::make_index_sequence<std::variant_size_v<Variant>>());
}

// Where nothing is left in caches that the next rung could break, nothing holds.
bool can_hold(ProcessKind process, Rung rung) {
    switch (process) {
        case ProcessKind::join: return rung == Rung::DS;
        case ProcessKind::leave: return rung == Rung::NS_GONE || rung == Rung::STOPPED;
        default: return rung == Rung::NS;
    }
}
// Where those that turn round begin.
bool can_meet_on(ProcessKind process, Rung rung) {
    switch (process) {
        case ProcessKind::join: return rung == Rung::OUT || rung == Rung::KEYS || rung == Rung::DS;
        case ProcessKind::leave: return true;
        default: return rung == Rung::OUT || rung == Rung::NS;
    }
}
ProcessKind opposite(ProcessKind process) {
    return process == ProcessKind::leave ? ProcessKind::join : ProcessKind::leave;
}

// A report of a movement: "epoch 3: join of msa.a.example. on DS: all are here".
struct Told {
    std::optional<ProcessKind> process;
    std::optional<Rung> rung;
    std::string end;  // "meeting", "all are here", "arrived", "called off"; nothing: on this rung
};
Told read_report(std::string_view report) {
    Told told;
    if (report.starts_with("epoch ")) report.remove_prefix(report.find(": ") + 2);
    for (const std::string_view end : {"meeting", "all are here", "arrived", "called off"})
        if (report.ends_with(": " + std::string(end))) {
            told.end = end;
            report.remove_suffix(end.size() + 2);
        }
    const std::size_t of = report.find(" of "), on = report.rfind(" on ");
    if (of == report.npos || on == report.npos) return told;
    told.process = proto::from_text<ProcessKind>(report.substr(0, of));
    told.rung = proto::from_text<Rung>(report.substr(on + 4));
    return told;
}

constexpr const char* arrived = "arrived";
constexpr const char* called_off = "called off";
std::string way(const std::string& from, const std::string& to) { return from + " -> " + to; }

// One step may make several: each is reported, in its order.
void see_movement(const Stepped& stepped, Coverage& coverage) {
    const Movement& before = stepped.movement_before;
    const ZoneState& state = stepped.node.state;
    if (!stepped.was_recovering && state.is_recovering) coverage.see("recovery: begins");
    std::string place;
    if (!before.is_over())
        place = before.has_met ? at(before.process, position_at(before).rung)
                               : text(before.process) + " meeting";
    for (const Action& action : stepped.outcome.actions) {
        const auto* report = std::get_if<action::Report>(&action);
        if (!report) continue;
        if (report->text.ends_with("took over the others' state")) {
            coverage.see(stepped.was_recovering ? "recovery: takes over the others' state"
                         : before.is_over()     ? "takes over at rest"
                                                : "takes over from a movement");
            place.clear();
            continue;
        }
        if (report->text.starts_with("nobody knows more"))
            coverage.see("recovery: nobody knows more");
        const Told told = read_report(report->text);
        if (!told.process || !told.rung) continue;
        const std::string rung = at(*told.process, *told.rung);
        const std::string meeting = text(*told.process) + " meeting";
        if (told.end == "meeting") {
            if (!place.empty()) coverage.see(way(place, meeting));
            place = meeting;
        } else if (told.end == arrived) {
            coverage.see(way(rung, arrived));
            place.clear();
        } else if (told.end == called_off) {
            coverage.see(way(place == meeting ? meeting : rung, called_off));
            place.clear();
        } else {
            coverage.see(rung);
            if (!place.empty()) coverage.see(way(place, rung));
            place = rung;
        }
    }
}

void see_election(const Stepped& stepped, Coverage& coverage) {
    const Node& node = stepped.node;
    const Election& before = stepped.election_before;
    const Election& after = node.state.election;
    constexpr std::size_t self = 0;
    if (before.term == after.term && before.voted == after.voted && before.leader == after.leader)
        return;
    if (after.voted && (before.term != after.term || before.voted != after.voted))
        coverage.see(*after.voted == self ? "election: calls" : "election: votes for another");
    if (before.term != after.term && !after.voted) coverage.see("election: hears of a later term");
    if (after.leader && (before.term != after.term || before.leader != after.leader))
        coverage.see(*after.leader == self ? "election: leads" : "election: follows");
    if (before.leader && before.term != after.term)
        coverage.see(*before.leader == self ? "election: leads no more"
                                            : "election: follows no more");
}

void see_roll(const Stepped& stepped, Coverage& coverage) {
    const Node& node = stepped.node;
    const Signer& signer = node.signer;
    const ZoneState& state = node.state;
    const Advice may = advice(node.policy, state);
    const auto meets = [&](KeySet keys, const std::vector<Bytes>& of) {
        bool is_met = false;
        for (const std::size_t key : keys)
            is_met |= std::find(of.begin(), of.end(), state.keys[key].rdata) != of.end();
        return is_met;
    };
    if (signer.coming != 0) {
        const ProcessKind process = process_of(signer.roll);
        const auto see = [&](Phase phase, bool holds) {
            if (holds) coverage.see(at(process, phase));
        };
        see(Phase::begins, true);
        see(Phase::may_sign, meets(may.may_sign, signer.coming_rdatas));
        see(Phase::signs, (signer.zone & signer.coming) != 0);
        KeySet in_ds;
        for (std::size_t key = 0; key < state.keys.size(); ++key)
            if (!state.keys[key].is_free() && state.keys[key].in_ds.is_set()) in_ds.add(key);
        see(Phase::is_in_ds, meets(in_ds, signer.coming_rdatas));
        see(Phase::may_withdraw, meets(may.may_withdraw, signer.going_rdatas));
        see(Phase::may_stop_signing, meets(may.may_stop_signing, signer.going_rdatas));
        see(Phase::may_remove, meets(may.may_remove, signer.going_rdatas));
    } else if (!signer.coming_rdatas.empty()) {
        coverage.see(at(process_of(signer.roll), Phase::ends));
    }
    for (const NameServer& server : node.servers) {
        if (!server.is_withdrawn) continue;
        coverage.see(at(ProcessKind::name_servers, Phase::begins));
        if (server.is_switched_off) coverage.see(at(ProcessKind::name_servers, Phase::ends));
        if (!may.may_switch_off.empty())
            coverage.see(at(ProcessKind::name_servers, Phase::may_switch_off));
    }
}

}  // namespace

void Coverage::see(const Stepped& stepped) {
    const auto name = [](const auto& it) { return name_of(&it); };
    see(std::visit(name, stepped.event));
    if (const auto* paused = std::get_if<event::Paused>(&stepped.event))
        see(paused->is_paused ? "operator pauses" : "operator resumes");
    for (const Action& action : stepped.outcome.actions) {
        see(std::visit(name, action));
        if (const auto* vote = std::get_if<action::GiveVote>(&action))
            see(vote->is_granted ? "election: grants a vote" : "election: refuses a vote");
        const auto* announce = std::get_if<action::Announce>(&action);
        if (!announce) continue;
        for (const RungReport& report : announce->announcement.rungs) {
            see("announced: " + at(report.process, report.rung) + " " + text(report.status));
            see("announced: " + text(report.status));
        }
    }
    see_movement(stepped, *this);
    see_election(stepped, *this);
    see_roll(stepped, *this);
}

void Coverage::add(const Coverage& other) {
    for (const auto& [what, count] : other.seen_) seen_[what] += count;
}

const std::vector<std::string>& Coverage::all() {
    static const std::vector<std::string> list = [] {
        std::vector<std::string> all;
        for (std::uint8_t number = 0; number < 255; ++number) {
            const auto process = proto::from_number<ProcessKind>(number);
            if (!process) continue;
            const auto phases = phases_of(*process);
            for (const Phase phase : phases) all.push_back(at(*process, phase));
            if (!phases.empty()) continue;
            const auto path = path_of(*process);
            for (std::size_t rung = 0; rung < path.size(); ++rung) {
                const std::string here = at(*process, path[rung]);
                all.push_back(here);
                const bool is_last = rung + 1 == path.size();
                all.push_back(way(here, is_last ? arrived : at(*process, path[rung + 1])));
                const std::string announced = "announced: " + here + " ";
                all.push_back(announced + text(RungStatus::working));
                if (!is_last) all.push_back(announced + text(RungStatus::done));
                if (can_hold(*process, path[rung]))
                    all.push_back(announced + text(RungStatus::holding));
                if (can_meet_on(*process, path[rung]))
                    all.push_back(way(text(*process) + " meeting", here));
                if (*process != ProcessKind::setup)
                    all.push_back(way(here, text(opposite(*process)) + " meeting"));
            }
            if (*process != ProcessKind::leave) {
                all.push_back(way(text(*process) + " meeting", called_off));
                all.push_back(way(at(*process, Rung::OUT), called_off));
            }
        }
        for (std::uint8_t number = 0; number < 255; ++number)
            if (const auto status = proto::from_number<RungStatus>(number))
                all.push_back("announced: " + text(*status));
        for (const char* what :
             {"takes over at rest", "takes over from a movement", "recovery: begins",
              "recovery: takes over the others' state", "recovery: nobody knows more",
              "election: calls", "election: votes for another", "election: hears of a later term",
              "election: leads", "election: leads no more", "election: follows",
              "election: follows no more", "election: grants a vote", "election: refuses a vote",
              "operator pauses", "operator resumes"})
            all.push_back(what);
        name_all<Event>(all);
        name_all<Action>(all);
        return all;
    }();
    return list;
}

std::vector<std::string> Coverage::missing() const {
    std::vector<std::string> list;
    for (const std::string& what : all())
        if (!seen_.contains(what)) list.push_back(what);
    return list;
}

}  // namespace chorale::simulation
