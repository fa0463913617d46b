// Providers, their signers and name servers, a parent, an owner and a network that fails,
// all in virtual time and from one seed; in the middle the real machines of msa/core.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "msa/core/machine.hpp"
#include "tests/simulation/caches.hpp"

namespace chorale::simulation {

// SplitMix64 (Steele, Lea, Flood 2014): the same on every machine and compiler.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    // Nothing is drawn: what may happen does, and takes as long as it may.
    static Random without_chance();

    std::uint64_t next();
    // Of [low, high].
    Seconds between(Seconds low, Seconds high);
    bool chance(double probability);

private:
    std::uint64_t state_;
    bool is_drawn_ = true;
};

// What is taken out of the machines, to see that it is missed.
struct Planted {
    std::uint32_t omitted_terms = 0;
    bool counts_from_sending = false;
    bool keeps_leaver_in_its_own_ns = false;
    bool loses_holds = false;
    bool loses_votes = false;
};

struct Stepped;

struct Settings {
    std::size_t providers = 3;
    enum class Mode { peer, leader_follower, mixed } mode = Mode::peer;
    bool has_faults = true;
    bool has_rolls = true;
    bool has_liar = false;
    bool is_insecure = false;  // the parent has no DS when it begins
    Planted planted;
    bool is_traced = false;
    bool is_detailed = false;  // with what the machines think
    // Faults with these numbers, in the order in which they are drawn, are left out: so a
    // failing run gets shorter.
    std::vector<bool> left_out;
    std::function<void(const Stepped&)> on_step;  // after each commit
};
const char* to_text(Settings::Mode mode);
// Drawn from the seed.
Settings settings_of(std::uint64_t seed);

struct Verdict {
    std::string violation;  // empty: none
    bool has_arrived = false;
    std::string unarrived;  // what is still waited for
    double multiple = 0;    // time from the last fault to the end, in sums of waits
    std::uint64_t trace_hash = 0;
    std::size_t steps = 0, movements = 0;
    std::size_t faults = 0;  // drawn
    std::vector<std::string> trace;
};

Verdict simulate(std::uint64_t seed, const Settings& settings);

// What a script sets up instead of what a seed draws. Times in seconds.
struct Stage {
    struct Provider {
        std::string name;  // of its identity, msa.<name>.example., and for people
        bool can_peer = true;
        bool is_combined = false;  // one CSK instead of KSK and ZSK
        std::uint8_t algorithm = 13;
        Seconds key_ttl = 600, ns_ttl = 600;
        bool keeps_cds = true, leaves_when_missing = false, allows_mixed_algorithms = false;
    };
    std::vector<Provider> providers;  // the first letter of each name is its place: a, b, c
    Mask on = 0, off = 0;
    std::size_t first = 0;  // whom the parent names
    bool is_secure = true;
    Seconds data_ttl = 600, ds_ttl = 600, parent_ns_ttl = 600;
    Seconds safety = 300, publication = 20, poll = 120, survey = 60, interval = 30;
};

inline constexpr std::size_t servers_each = 2;  // at first
inline constexpr std::size_t parent_servers = 2;
inline constexpr Seconds beginning = 10'000'000;

struct WorldKey {
    Bytes rdata, ds;
    std::uint8_t algorithm = 13;
    bool is_entry = false;
};

// What the combiner was told last, by keys and servers of the world.
struct Held {
    Mask dnskey = 0, cds = 0, ns = 0;
    bool csync = false;
    friend bool operator==(const Held&, const Held&) = default;
};

enum class Roll : std::uint8_t { zsk, ksk, csk, algorithm };

struct Signer {
    Mask own = 0;    // in its DNSKEY RRset
    Mask entry = 0;  // signs the DNSKEY RRset
    Mask zone = 0;   // signs data
    // A roll under way: the keys that come, and those that go.
    Mask coming = 0, going = 0;
    bool is_combined = false;  // one CSK instead of KSK and ZSK
    Roll roll = Roll::zsk;     // the last that began, and its keys
    std::vector<Bytes> coming_rdatas, going_rdatas;
    // What it was given and does not publish.
    bool drops_keys = false, drops_cds = false, drops_ns = false;
};

// One name server, and what it gives out.
struct NameServer {
    std::size_t number = 0;
    std::shared_ptr<const msa::Apex> apex;
    ZoneVersion version;
    Seconds loads_until = 0;
    bool is_withdrawn = false;     // not contributed any more
    bool is_switched_off = false;  // after that, for good
};

// Where a machine dies next, once.
enum class CrashPoint : std::uint8_t { none, before_commit, before_actions, after_actions };

struct Node {
    std::size_t at = 0;
    msa::Policy policy;
    msa::ZoneState state;
    Bytes disk;
    std::vector<Bytes> backups;
    bool is_up = false;    // the agent
    bool is_dead = false;  // the whole provider, for good
    bool has_stopped = false;
    std::uint64_t run = 0;  // counts starts: what was for an earlier run is lost
    std::int64_t steady_origin = 0;
    std::int64_t wall_error = 0;
    Held combiner;
    Signer signer;
    std::uint32_t serial = 0;
    std::uint64_t owner_version = 0;
    Mask roster_on = 0, roster_named = 0;  // as the owner's zone has it here
    std::vector<Bytes> roster_other;       // MSIGNER records beside those
    ZoneVersion version;                   // what the signer gives out
    std::shared_ptr<const msa::Apex> apex;
    std::vector<NameServer> servers;
    std::optional<Seconds> wake;
    Seconds pushes_until = 0;
    bool survey_due = false;
    bool news_due = false;  // a survey at once, for what the last one did not know
    Seconds key_ttl = 0, data_ttl = 0, ns_ttl = 0;
    CrashPoint crash_point = CrashPoint::none;
};

// What a machine did with one event.
struct Stepped {
    const Node& node;
    const msa::Event& event;
    const msa::Movement& movement_before;
    const msa::Election& election_before;
    bool was_recovering = false;
    const msa::Outcome& outcome;
};

class World {
public:
    World(std::uint64_t seed, const Settings& settings);
    // A script's; what happens is told to both.
    World(const Stage& stage, std::function<void(const Stepped&)> on_step,
          std::function<void(const std::string&)> on_note);

    Verdict run();

    // For a script: what there is.
    Seconds now() const { return now_; }
    const std::vector<Node>& nodes() const { return nodes_; }
    const ParentVersion& parent() const { return parent_; }
    const std::string& violation() const { return verdict_.violation; }
    bool has_arrived(std::string& what) const;
    // Provider's own names, and its entry keys, among those of the world.
    Mask servers_of(std::size_t at) const { return caches_.provider(at).servers; }
    std::size_t owner_of(std::size_t server) const { return server_owners_[server]; }
    std::size_t owner_of_key(std::size_t key) const { return keys_[key].rdata[4]; }
    const WorldKey& key(std::size_t number) const { return keys_[number]; }
    std::string who(std::size_t at) const;

    // What a script does. Time goes on by one task, or until a moment.
    bool proceed();
    bool pass(Seconds until);
    Seconds next() const { return queue_.empty() ? 1LL << 60 : queue_.top().at; }
    void later(Seconds delay, std::function<void()> task) { after(delay, std::move(task)); }
    void crash_now(std::size_t at) { crash(nodes_[at], "by itself"); }
    void own(Mask on, Mask named, std::vector<Bytes> other);
    Mask owned_on() const { return on_; }
    Mask owned_named() const { return named_; }
    void kill(std::size_t at);
    void restart(std::size_t at);
    void set_crash_point(std::size_t at, CrashPoint point) { nodes_[at].crash_point = point; }
    void lose(std::size_t at);
    void back_up(std::size_t at);
    bool restore(std::size_t at);
    void cut(std::size_t a, std::size_t b, bool is_cut);
    void set_delay(Seconds delay) { delay_ = delay; }
    void blind(std::size_t at, bool is_blind) { blind_[at] = is_blind; }
    void step_clock(std::size_t at, Seconds by) { nodes_[at].wall_error += by; }
    void stop_parent(bool is_asleep) { parent_asleep_until_ = is_asleep ? 1LL << 60 : 0; }
    bool revert_parent();
    void delay_parent_server(std::size_t server, Seconds by);
    void delay_server(std::size_t at, std::size_t server, Seconds by);
    void set_parent_ttls(Seconds ds, Seconds ns);
    void set_ttls(std::size_t at, Seconds key, Seconds data, Seconds ns);
    void set_dropping(std::size_t at, bool keys, bool cds, bool ns);
    bool roll(std::size_t at, Roll roll, std::uint8_t algorithm);
    bool change_servers(std::size_t at, std::size_t added, std::size_t withdrawn);
    void tell(std::size_t at, const msa::Event& event) { feed(nodes_[at], event); }
    void forgive() { verdict_.violation.clear(); }

private:
    using Task = std::function<void()>;
    struct Scheduled {
        Seconds at;
        std::uint64_t order;
        Task task;
        bool operator<(const Scheduled& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    void at(Seconds when, Task task) { queue_.push({when, order_++, std::move(task)}); }
    void after(Seconds delay, Task task) { at(now_ + delay, std::move(task)); }
    void trace(const std::string& text);
    void note(const std::string& text) {
        if (on_note_) on_note_(text);
    }
    void hash(std::uint64_t value) {
        verdict_.trace_hash = (verdict_.trace_hash ^ value) * 0x100000001b3;
    }
    // Its place in the world, by "msa.a.example.".
    static std::size_t number_of(const dns::Name& identity) {
        return static_cast<std::size_t>(identity.wire()[5] - 'a');
    }
    std::string letter(std::size_t at) const { return who(at); }

    void build();
    void build(const Stage& stage);
    void open();
    void add_server(Node& node);
    std::size_t new_key(std::size_t owner, std::uint8_t algorithm, bool is_entry);
    void give_keys(Node& node, std::uint8_t algorithm);
    Mask algorithms_of(Mask keys) const;
    std::vector<Bytes> rdatas(Mask keys) const;
    std::vector<dns::Name> names(Mask servers) const;
    Mask mask_of(const msa::ZoneState& state, msa::KeySet keys) const;
    Mask mask_of(const msa::ZoneState& state, msa::ServerSet servers) const;

    // The machines.
    msa::Moment moment(const Node& node);
    void feed(Node& node, const msa::Event& event);
    void carry_out(Node& node, const msa::Action& action);
    void start(Node& node);
    void crash(Node& node, const std::string& why, Seconds longest = 400);
    void contest(std::size_t candidate, std::uint64_t term);
    void survey(Node& node);
    void plan_survey(Node& node);
    void operate_signer(Node& node);
    void begin_roll(Node& node);
    Mask may_stop_signing(const Node& node) const;
    void switch_off_servers(Node& node, const msa::Advice& may);

    // Around them.
    void sign(Node& node);
    void publish(Node& node);
    void poll_parent();
    void publish_parent(const ParentVersion& version);
    void say_roster();
    bool is_cut(std::size_t a, std::size_t b) const { return cut_[a * 8 + b] || cut_[b * 8 + a]; }
    void plan_faults();
    void fault(Seconds when, Task task);
    void check();
    void check_machines();
    bool is_new_leader(const Node& node);
    msa::Announcement lie(msa::Announcement said);
    void explain_unarrived();

    Settings settings_;
    std::function<void(const std::string&)> on_note_;
    std::vector<std::string> called_;  // the providers, in scripts
    Random random_;
    Verdict verdict_;
    Seconds now_ = beginning;
    std::uint64_t order_ = 0;
    std::priority_queue<Scheduled> queue_;
    std::vector<Node> nodes_;
    std::vector<WorldKey> keys_;
    std::map<Bytes, std::size_t> key_numbers_;
    std::vector<dns::Name> servers_;
    std::vector<std::size_t> server_owners_;
    dns::Name zone_;
    Caches caches_;
    std::uint64_t owner_version_ = 0;
    Mask on_ = 0, named_ = 0;  // the owner's MSIGNER RRset
    std::vector<Bytes> other_records_;
    Mask owner_ns_ = 0;  // as the owner wrote it
    ParentVersion parent_, parent_before_;
    std::array<ParentVersion, parent_servers> parent_served_;
    Seconds parent_ttls_seen_ = 0;  // by every agent
    std::array<Seconds, parent_servers> parent_loads_until_{};
    Seconds parent_asleep_until_ = 0;
    std::array<bool, 64> cut_{};   // agents cannot talk
    std::array<bool, 8> blind_{};  // cannot ask name servers
    // A candidate that hears nobody until it calls an election, while a voter restarts.
    std::size_t contests_ = 0;
    std::uint64_t contested_term_ = 0;
    bool contested_vote_ = false;
    std::optional<std::size_t> deaf_, voter_;
    Seconds deaf_until_ = 0;
    double loss_ = 0;
    Seconds delay_ = 2;
    Seconds publication_ = 20, parent_publication_ = 20;
    Seconds survey_interval_ = 60;
    Seconds poll_interval_ = 120;
    Seconds ds_ttl_ = 300, parent_ns_ttl_ = 300;
    Seconds owner_delay_ = 120;
    Seconds sum_of_waits_ = 0;
    Seconds faults_end_ = beginning;
    Seconds last_change_ = beginning;
    bool is_dirty_ = false;
    double crash_ = 0;
    std::size_t liar_ = 99;
    std::set<std::pair<std::size_t, std::uint64_t>> led_;
    std::map<std::pair<std::uint64_t, Mask>, std::size_t> leaders_;  // by term and voters
};

}  // namespace chorale::simulation
