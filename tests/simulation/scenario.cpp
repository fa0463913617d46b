#include "tests/simulation/scenario.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>

#include "common/base/encoding.hpp"
#include "msa/core/election.hpp"
#include "msa/core/ladder.hpp"
#include "msa/core/movement.hpp"

namespace chorale::simulation {

using namespace chorale::msa;

namespace {

// What a script means and does not say right. Caught where the line is known.
struct Misread : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr Seconds longest_wait = 24 * 3600;
constexpr Seconds lasting = 600;  // so long something is waited for before the trace says so

std::string error_at(const std::string& path, std::size_t line, const std::string& text) {
    return path + ":" + std::to_string(line) + ": " + text;
}

std::vector<Word> words_of(const std::string& line) {
    std::vector<Word> words;
    for (std::size_t at = 0; at < line.size();) {
        if (line[at] == ' ' || line[at] == '\t') {
            ++at;
        } else if (line[at] == '#') {
            break;
        } else if (line[at] == '"') {
            const std::size_t end = line.find('"', at + 1);
            if (end == std::string::npos) throw Misread("expected a closing \"");
            words.push_back({line.substr(at + 1, end - at - 1), true});
            at = end + 1;
        } else {
            const std::size_t end = std::min(line.find_first_of(" \t#", at), line.size());
            words.push_back({line.substr(at, end - at)});
            at = end;
        }
    }
    return words;
}

// Words one after the other; what is not there, or not as it must be, is named.
class Reader {
public:
    Reader(const std::vector<Word>& words, const std::vector<std::string>& providers)
        : words_(words), providers_(providers) {}

    bool is_at_end() const { return at_ == words_.size(); }
    bool accept(std::string_view word) {
        if (is_at_end() || words_[at_].is_quoted || words_[at_].text != word) return false;
        ++at_;
        return true;
    }
    std::string any(const std::string& what) {
        if (is_at_end()) throw Misread("expected " + what + " at the end of the line");
        return words_[at_++].text;
    }
    void expect(std::string_view word) {
        if (!accept(word)) fail("'" + std::string(word) + "'");
    }
    void end() {
        if (!is_at_end()) fail("the end of the line");
    }
    [[noreturn]] void fail(const std::string& expected) const {
        throw Misread(
            "expected " + expected +
            (is_at_end() ? " at the end of the line" : ", found '" + words_[at_].text + "'"));
    }
    // Of a table of words.
    template <class Value>
    Value one_of(const std::vector<std::pair<std::string_view, Value>>& table) {
        for (const auto& [word, value] : table)
            if (accept(word)) return value;
        std::string names;
        for (const auto& [word, value] : table)
            names += (names.empty() ? "" : " or ") + std::string(word);
        fail(names);
    }
    bool is_at_provider() const {
        return !is_at_end() && std::find(providers_.begin(), providers_.end(), words_[at_].text) !=
                                   providers_.end();
    }
    std::size_t provider() {
        if (!is_at_provider()) fail("a provider");
        const auto found = std::find(providers_.begin(), providers_.end(), words_[at_++].text);
        return static_cast<std::size_t>(found - providers_.begin());
    }
    std::vector<std::size_t> providers() {
        std::vector<std::size_t> list{provider()};
        while (is_at_provider() || accept("and")) list.push_back(provider());
        return list;
    }
    Mask provider_mask() {
        Mask mask = 0;
        for (const std::size_t at : providers()) mask |= Mask(1) << at;
        return mask;
    }
    // Seconds: 90s, 10m, 2h, 1d, and these together: 1h30m.
    Seconds time() {
        if (is_at_end()) fail("a time, as 90s, 10m, 2h or 1d");
        const std::string& text = words_[at_].text;
        Seconds sum = 0;
        const char* at = text.data();
        const char* const end = at + text.size();
        const bool is_negative = at != end && *at == '-';
        if (at != end && (*at == '-' || *at == '+')) ++at;
        if (at == end) fail("a time, as 90s, 10m, 2h or 1d");
        while (at != end) {
            Seconds count = 0;
            const auto [rest, error] = std::from_chars(at, end, count);
            static constexpr std::string_view units = "smhd";
            static constexpr Seconds lengths[] = {1, 60, 3600, 86400};
            const std::size_t unit = rest == end ? units.npos : units.find(*rest);
            if (error != std::errc() || unit == units.npos || count < 0 || count > 1'000'000)
                fail("a time, as 90s, 10m, 2h or 1d");
            sum += count * lengths[unit];
            at = rest + 1;
        }
        ++at_;
        return is_negative ? -sum : sum;
    }
    std::size_t number(std::size_t low, std::size_t high) {
        const std::string what =
            "a number from " + std::to_string(low) + " to " + std::to_string(high);
        if (is_at_end()) fail(what);
        const std::string& text = words_[at_].text;
        std::size_t value = 0;
        const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || rest != text.data() + text.size() || value < low ||
            value > high)
            fail(what);
        ++at_;
        return value;
    }

private:
    const std::vector<Word>& words_;
    const std::vector<std::string>& providers_;
    std::size_t at_ = 0;
};

std::vector<std::string> names_of(const Stage& stage) {
    std::vector<std::string> names;
    for (const Stage::Provider& provider : stage.providers) names.push_back(provider.name);
    return names;
}

// The settings, which come first. False: the line is none.
bool read_setting(Scenario& scenario, const std::vector<Word>& words) {
    Stage& stage = scenario.stage;
    const std::vector<std::string> names = names_of(stage);
    Reader reader(words, names);
    const auto each = [&](auto&& set) {
        for (const std::size_t at : reader.providers()) set(stage.providers[at]);
    };
    if (reader.accept("providers")) {
        if (!stage.providers.empty()) throw Misread("expected 'providers' once only");
        while (!reader.is_at_end()) {
            Stage::Provider provider;
            provider.name = reader.any("a name");
            const char letter = static_cast<char>('a' + stage.providers.size());
            if (provider.name.front() != letter || stage.providers.size() == 5)
                throw Misread(
                    "expected at most five names in the order of their first letters, "
                    "a b c d e; found '" +
                    provider.name + "'");
            stage.providers.push_back(std::move(provider));
        }
    } else if (stage.providers.empty()) {
        throw Misread("expected 'providers' first");
    } else if (reader.accept("mode")) {
        const auto mode = reader.one_of<int>({{"peer", 0}, {"leader-follower", 1}, {"mixed", 2}});
        if (mode == 1)
            for (Stage::Provider& provider : stage.providers) provider.can_peer = false;
        if (mode == 2) each([](Stage::Provider& it) { it.can_peer = false; });
    } else if (reader.accept("on")) {
        stage.on = reader.provider_mask();
        stage.first = static_cast<std::size_t>(__builtin_ctzll(stage.on));
    } else if (reader.accept("off")) {
        stage.off = reader.provider_mask();
    } else if (reader.accept("delegated-to")) {
        stage.first = reader.provider();
    } else if (reader.accept("insecure")) {
        stage.is_secure = false;
    } else if (reader.accept("csk")) {
        each([](Stage::Provider& it) { it.is_combined = true; });
    } else if (reader.accept("algorithm")) {
        const auto number = static_cast<std::uint8_t>(reader.number(1, 63));
        each([&](Stage::Provider& it) { it.algorithm = number; });
    } else if (reader.accept("cds")) {
        reader.expect("removed");
        each([](Stage::Provider& it) { it.keeps_cds = false; });
    } else if (reader.accept("missing")) {
        reader.expect("leaves");
        each([](Stage::Provider& it) { it.leaves_when_missing = true; });
    } else if (reader.accept("mixed-algorithms")) {
        each([](Stage::Provider& it) { it.allows_mixed_algorithms = true; });
    } else if (reader.accept("ttl")) {
        const auto which = reader.one_of<int>(
            {{"dnskey", 0}, {"ns", 1}, {"data", 2}, {"ds", 3}, {"parent-ns", 4}});
        const Seconds ttl = reader.time();
        if (which == 2) stage.data_ttl = ttl;
        if (which == 3) stage.ds_ttl = ttl;
        if (which == 4) stage.parent_ns_ttl = ttl;
        const auto set = [&](Stage::Provider& it) { (which == 0 ? it.key_ttl : it.ns_ttl) = ttl; };
        if (which < 2 && reader.is_at_end())
            for (Stage::Provider& provider : stage.providers) set(provider);
        else if (which < 2)
            each(set);
    } else if (reader.accept("safety")) {
        stage.safety = reader.time();
    } else if (reader.accept("publication")) {
        stage.publication = reader.time();
    } else if (reader.accept("poll")) {
        stage.poll = reader.time();
    } else if (reader.accept("survey")) {
        stage.survey = reader.time();
    } else if (reader.accept("interval")) {
        stage.interval = reader.time();
    } else {
        return false;
    }
    reader.end();
    return true;
}

ScriptLine read_line(std::size_t number, const std::vector<Word>& words,
                     const std::vector<std::string>& names) {
    ScriptLine line;
    line.number = number;
    line.time = longest_wait;
    // "at 2h: crash alpha": what stands before the colon, and behind.
    std::size_t colon = 0;
    while (colon < words.size() && (words[colon].is_quoted || !words[colon].text.ends_with(':')))
        ++colon;
    std::vector<Word> before(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(
                                                                std::min(colon + 1, words.size())));
    if (colon < words.size()) {
        before.back().text.pop_back();
        if (before.back().text.empty()) before.pop_back();
        line.action.assign(words.begin() + static_cast<std::ptrdiff_t>(colon + 1), words.end());
    }
    const std::string first = before.empty() ? std::string() : before.front().text;
    Reader reader(before, names);
    if (reader.accept("at") || reader.accept("after")) {
        line.wait = first == "at" ? ScriptLine::Wait::at : ScriptLine::Wait::after;
        line.time = reader.time();
        reader.end();
    } else if (reader.accept("when") || reader.accept("until")) {
        line.wait = ScriptLine::Wait::until;
        for (std::size_t at = 1; at < before.size(); ++at) {
            if (before[at].text == "within" && !before[at].is_quoted) {
                const std::vector<Word> rest(before.begin() + static_cast<std::ptrdiff_t>(at + 1),
                                             before.end());
                Reader time(rest, names);
                line.time = time.time();
                time.end();
                break;
            }
            line.condition.push_back(before[at]);
        }
    } else {
        line.action = words;
    }
    return line;
}

std::string clock_text(Seconds seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
    return text;
}

// "msa.alpha.example." is alpha, and "ns0.alpha.example." ns0.alpha.
std::string shortened(std::string text) {
    for (std::size_t at = 0; (at = text.find("msa.", at)) != text.npos;) text.erase(at, 4);
    for (std::size_t at = 0; (at = text.find(".example.", at)) != text.npos;) text.erase(at, 9);
    return text;
}

// Carries a script out; or, without a world, only reads it.
class Player {
public:
    Player(const Scenario& scenario, World* world, Coverage* coverage)
        : scenario_(scenario),
          world_(world),
          coverage_(coverage),
          names_(names_of(scenario.stage)) {}

    void check(const ScriptLine& line) {
        if (line.wait == ScriptLine::Wait::until) is_true(line.condition);
        if (!line.action.empty()) act(line.action);
    }
    void play();

    void note(const std::string& text);
    void step(const Stepped& stepped);

    std::vector<std::string> trace;
    std::string error;

private:
    bool is_true(const std::vector<Word>& condition);
    bool is_moving(Reader& reader, ProcessKind process);
    void act(const std::vector<Word>& action);
    void own(Reader& reader);
    void operate(Reader& reader);
    void settle();
    // Goes on until then, or until it is so; false: it never was, or an invariant is broken.
    bool wait(const ScriptLine& line);
    bool proceed();
    bool look();
    void look_at_parent();
    void look_at_waits();
    void say(const std::string& text);
    void say_all_waits();
    std::string list_of(Mask providers) const;

    const Scenario& scenario_;
    World* world_;
    Coverage* coverage_;
    std::vector<std::string> names_;
    bool is_quiet_ = false;  // nothing of it is in the trace
    Seconds origin_ = beginning;
    std::size_t heard_from_ = 0;  // of the trace, by the condition `said`
    std::set<std::string> tolerated_;
    std::set<std::string> broken_;
    std::vector<std::size_t> disturbed_;  // on each rung
    Seconds disturbed_for_ = 0;
    std::set<std::string> disturbed_on_;
    std::vector<Bytes> other_records_;
    std::string parent_said_;
    ParentVersion parent_had_;
    struct Waiting {
        std::string text, hold;
        Seconds since = 0, until = 0;
        bool is_said = false;
    };
    std::vector<Waiting> waiting_;
};

std::string Player::list_of(Mask providers) const {
    std::string list;
    for (std::size_t at = 0; at < names_.size(); ++at)
        if (providers >> at & 1) list += (list.empty() ? "" : " and ") + names_[at];
    return list.empty() ? "nobody" : list;
}

void Player::say(const std::string& text) {
    if (!is_quiet_) trace.push_back(clock_text(world_->now() - origin_) + " " + text);
}

void Player::note(const std::string& text) {
    if (text.ends_with(" signs a new version") || text == "the parent has another version") return;
    std::string line = shortened(text);
    const std::size_t colon = line.find(": ");
    const std::size_t space = line.find(' ');
    if (colon != line.npos && colon < space) line.erase(colon, 1);
    say(line);
}

void Player::step(const Stepped& stepped) {
    if (is_quiet_) return;
    coverage_->see(stepped);
    if (disturbed_.empty()) return;
    const Movement& movement = stepped.node.state.movement;
    if (movement.is_over() || !movement.has_met) return;
    const std::string place = std::to_string(movement.epoch) + " " +
                              std::to_string(movement.index) + " " +
                              std::to_string(stepped.node.at);
    if (std::find(disturbed_.begin(), disturbed_.end(), stepped.node.at) == disturbed_.end() ||
        !disturbed_on_.insert(place).second)
        return;
    const std::size_t at = stepped.node.at;
    world_->later(1, [this, at] { world_->kill(at); });
    world_->later(1 + disturbed_for_, [this, at] { world_->restart(at); });
}

bool Player::is_moving(Reader& reader, ProcessKind process) {
    reader.expect("of");
    const Mask subjects = reader.provider_mask();
    std::optional<Rung> rung;
    bool is_holding = false, is_done = false;
    if (!reader.accept("meeting")) {
        reader.expect("on");
        const std::string text = reader.any("a rung");
        for (const Rung it : path_of(process))
            if (text == proto::to_text(it)) rung = it;
        if (!rung)
            throw Misread("expected a rung of " + std::string(proto::to_text(process)) +
                          ", found '" + text + "'");
        is_holding = reader.accept("holding");
        is_done = reader.accept("done");
    }
    std::optional<std::size_t> observer;
    if (reader.accept("at")) observer = reader.provider();
    reader.end();
    if (!world_) return false;
    for (const Node& node : world_->nodes()) {
        if (!node.is_up || (observer && *observer != node.at)) continue;
        const Movement& movement = node.state.movement;
        if (movement.is_over() || movement.process != process) continue;
        Mask moved = 0;
        for (const std::size_t at : movement.subjects)
            moved |= Mask(1) << (node.state.providers[at].identity.wire()[5] - 'a');
        if (moved != subjects || movement.has_met != rung.has_value()) continue;
        if (!rung) return true;
        if (position_at(movement).rung != *rung) continue;
        if (is_done && !movement.was_done) continue;
        if (!is_holding) return true;
        const Judgement judgement = judge(node.policy, node.state);
        if (judgement.is_done && judgement.hold_end && node.state.elapsed < *judgement.hold_end)
            return true;
    }
    return false;
}

bool Player::is_true(const std::vector<Word>& condition) {
    Reader reader(condition, names_);
    if (reader.accept("arrived")) {
        reader.end();
        std::string what;
        return world_ && world_->has_arrived(what);
    }
    if (reader.accept("said")) {
        const std::string text = reader.any("a text");
        reader.end();
        for (std::size_t at = heard_from_; at < trace.size(); ++at)
            if (trace[at].find(text) != std::string::npos) return true;
        return false;
    }
    if (reader.accept("parent")) {
        const bool is_ds = reader.one_of<bool>({{"ds", true}, {"ns", false}});
        const bool is_none = reader.accept("none");
        const Mask wanted = is_none ? 0 : reader.provider_mask();
        reader.end();
        if (!world_) return false;
        Mask found = 0;
        const ParentVersion& parent = world_->parent();
        for (std::size_t bit = 0; bit < 64; ++bit) {
            if (is_ds && (parent.ds >> bit & 1)) found |= Mask(1) << world_->owner_of_key(bit);
            if (!is_ds && (parent.ns >> bit & 1)) found |= Mask(1) << world_->owner_of(bit);
        }
        return found == wanted;
    }
    if (reader.is_at_provider()) {
        const std::size_t at = reader.provider();
        enum class What { leads, stopped, rolled, waits };
        const What what = reader.one_of<What>({{"leads", What::leads},
                                               {"stopped", What::stopped},
                                               {"rolled", What::rolled},
                                               {"waits", What::waits}});
        std::string text;
        if (what == What::waits) text = reader.any("a text");
        reader.end();
        if (!world_) return false;
        const Node& node = world_->nodes()[at];
        switch (what) {
            case What::leads: return node.is_up && leads(node.policy, node.state);
            case What::stopped: return node.has_stopped;
            case What::rolled: return node.signer.coming == 0;
            case What::waits:
                for (const Wait& wait : waits(node.policy, node.state))
                    if (node.is_up && shortened(wait.text).find(text) != std::string::npos)
                        return true;
                return false;
        }
    }
    for (std::uint8_t number = 0; number < 255; ++number) {
        const auto process = proto::from_number<ProcessKind>(number);
        if (process && reader.accept(proto::to_text(*process))) return is_moving(reader, *process);
    }
    reader.fail("a condition: arrived, said, parent, a provider or a process");
}

void Player::own(Reader& reader) {
    const auto identity = [&](std::size_t at) {
        return dns::Name::from_text("msa." + names_[at] + ".example.").value();
    };
    Mask on = world_ ? world_->owned_on() : 0, named = world_ ? world_->owned_named() : 0;
    if (reader.accept("on")) {
        const Mask mask = reader.provider_mask();
        on |= mask, named |= mask;
    } else if (reader.accept("off")) {
        const Mask mask = reader.provider_mask();
        on &= ~mask, named |= mask;
    } else if (reader.accept("drops")) {
        const Mask mask = reader.provider_mask();
        on &= ~mask, named &= ~mask;
    } else if (reader.accept("also")) {
        // One more record of somebody, whatever else stands there.
        const std::size_t state = reader.number(0, 255);
        const std::size_t at = reader.provider();
        Bytes record{static_cast<Byte>(state)};
        append(record, identity(at).wire());
        other_records_.push_back(std::move(record));
    } else if (reader.accept("record")) {
        const std::string text = reader.any("octets in hexadecimal");
        const auto octets = from_hex(text);
        if (!octets) throw Misread("expected octets in hexadecimal, found '" + text + "'");
        other_records_.push_back(*octets);
    } else if (reader.accept("tidies")) {
        other_records_.clear();
    } else {
        reader.fail("on, off, drops, also, record or tidies");
    }
    reader.end();
    if (world_) world_->own(on, named, other_records_);
}

void Player::operate(Reader& reader) {
    const std::size_t at = reader.provider();
    Event event = event::Retried{};
    if (reader.accept("pauses")) {
        event = event::Paused{true};
    } else if (reader.accept("resumes")) {
        event = event::Paused{false};
    } else if (reader.accept("removes")) {
        const bool is_entry = reader.one_of<bool>({{"ksk", true}, {"csk", true}, {"zsk", false}});
        reader.expect("of");
        const std::size_t owner = reader.provider();
        // The oldest of that kind.
        if (world_) {
            const Signer& signer = world_->nodes()[owner].signer;
            const Mask keys = is_entry ? signer.entry : signer.own & ~signer.entry;
            if (keys == 0) reader.fail("a key that " + names_[owner] + " has");
            event = event::RemovedAtOnce{
                world_->key(static_cast<std::size_t>(__builtin_ctzll(keys))).rdata};
        }
    } else {
        reader.expect("retries");
    }
    reader.end();
    if (world_) world_->tell(at, event);
}

void Player::settle() {
    is_quiet_ = true;
    ScriptLine line;
    line.time = longest_wait;
    line.wait = ScriptLine::Wait::until;
    line.condition = {{"arrived"}};
    if (!wait(line)) throw Misread("did not settle: " + error + world_->violation());
    // So that caches hold nothing of how it came to be.
    if (!world_->pass(world_->now() + 3600)) throw Misread(world_->violation());
    is_quiet_ = false;
    origin_ = world_->now();
    trace.clear();
    waiting_.clear();
    look();
    trace.clear();
}

void Player::act(const std::vector<Word>& action) {
    Reader reader(action, names_);
    if (world_ && !reader.accept("settled")) {
        std::string text = ">";
        for (const Word& word : action)
            text += " " + (word.is_quoted ? "\"" + word.text + "\"" : word.text);
        say(text);
    }
    World* const world = world_;
    const auto each = [&](auto&& what) {
        for (const std::size_t at : reader.providers())
            if (world) what(at);
        reader.end();
    };
    if (action.front().text == "settled") {
        if (!world) reader.accept("settled");
        reader.end();
        if (world) settle();
    } else if (reader.accept("owner")) {
        own(reader);
    } else if (reader.accept("operator")) {
        operate(reader);
    } else if (reader.accept("crash")) {
        const std::size_t at = reader.provider();
        CrashPoint point = CrashPoint::none;
        if (!reader.is_at_end())
            point = reader.one_of<CrashPoint>({{"before-commit", CrashPoint::before_commit},
                                               {"before-acting", CrashPoint::before_actions},
                                               {"after-acting", CrashPoint::after_actions}});
        reader.end();
        if (world && point == CrashPoint::none) world->crash_now(at);
        if (world && point != CrashPoint::none) world->set_crash_point(at, point);
    } else if (reader.accept("kill")) {
        each([&](std::size_t at) { world->kill(at); });
    } else if (reader.accept("start")) {
        each([&](std::size_t at) { world->restart(at); });
    } else if (reader.accept("lose")) {
        each([&](std::size_t at) { world->lose(at); });
    } else if (reader.accept("back-up")) {
        each([&](std::size_t at) { world->back_up(at); });
    } else if (reader.accept("restore")) {
        each([&](std::size_t at) {
            if (!world->restore(at)) throw Misread("expected an earlier 'back-up'");
        });
    } else if (reader.accept("cut")) {
        const std::size_t a = reader.provider(), b = reader.provider();
        reader.end();
        if (world) world->cut(a, b, true);
    } else if (reader.accept("heal")) {
        reader.end();
        for (std::size_t a = 0; world && a < names_.size(); ++a) {
            world->blind(a, false);
            for (std::size_t b = 0; b < names_.size(); ++b) world->cut(a, b, false);
        }
    } else if (reader.accept("messages")) {
        reader.expect("take");
        const Seconds delay = reader.time();
        reader.end();
        if (world) world->set_delay(delay);
    } else if (reader.accept("blind")) {
        each([&](std::size_t at) { world->blind(at, true); });
    } else if (reader.accept("clock")) {
        const std::size_t at = reader.provider();
        const Seconds by = reader.time();
        reader.end();
        if (world) world->step_clock(at, by);
    } else if (reader.accept("parent")) {
        enum class What { sleeps, wakes, reverts, lags };
        const What what = reader.one_of<What>({{"sleeps", What::sleeps},
                                               {"wakes", What::wakes},
                                               {"reverts", What::reverts},
                                               {"lags", What::lags}});
        const Seconds by = what == What::lags ? reader.time() : 0;
        reader.end();
        if (!world) return;
        if (what == What::sleeps || what == What::wakes) world->stop_parent(what == What::sleeps);
        if (what == What::reverts && !world->revert_parent())
            throw Misread("expected a change of the parent before");
        if (what == What::lags) world->delay_parent_server(1, by);
    } else if (reader.accept("server")) {
        const std::size_t at = reader.provider();
        reader.expect("lags");
        const Seconds by = reader.time();
        reader.end();
        if (world) world->delay_server(at, 1, by);
    } else if (reader.accept("ttl")) {
        const auto which = reader.one_of<int>(
            {{"dnskey", 0}, {"ns", 1}, {"data", 2}, {"ds", 3}, {"parent-ns", 4}});
        const Seconds ttl = reader.time();
        if (which > 2) {
            reader.end();
            if (!world) return;
            const ParentVersion& parent = world->parent();
            world->set_parent_ttls(which == 3 ? ttl : parent.ds_ttl,
                                   which == 4 ? ttl : parent.ns_ttl);
            return;
        }
        each([&](std::size_t at) {
            const Node& node = world->nodes()[at];
            world->set_ttls(at, which == 0 ? ttl : node.key_ttl, which == 2 ? ttl : node.data_ttl,
                            which == 1 ? ttl : node.ns_ttl);
        });
    } else if (reader.accept("signer")) {
        const std::size_t at = reader.provider();
        bool keys = false, cds = false, ns = false;
        if (!reader.accept("obeys")) {
            reader.expect("drops");
            while (!reader.is_at_end())
                (reader.accept("dnskey") ? keys : reader.accept("cds") ? cds : ns) = true;
            if (ns) throw Misread("expected dnskey or cds");
        }
        reader.end();
        if (world) world->set_dropping(at, keys, cds, ns);
    } else if (reader.accept("roll")) {
        const Roll roll = reader.one_of<Roll>({{"zsk", Roll::zsk},
                                               {"ksk", Roll::ksk},
                                               {"csk", Roll::csk},
                                               {"algorithm", Roll::algorithm}});
        const auto who = reader.providers();
        std::uint8_t algorithm = 0;
        if (roll == Roll::algorithm) {
            reader.expect("to");
            algorithm = static_cast<std::uint8_t>(reader.number(1, 63));
        }
        reader.end();
        for (const std::size_t at : who)
            if (world && !world->roll(at, roll, algorithm))
                throw Misread("expected a provider with such a key and no roll under way");
    } else if (reader.accept("name-servers")) {
        const std::size_t at = reader.provider();
        std::size_t added = 0, withdrawn = 0;
        if (reader.accept("add")) added = reader.number(1, 4);
        if (reader.accept("withdraw")) withdrawn = reader.number(1, 4);
        reader.end();
        if (added + withdrawn == 0) reader.fail("add or withdraw, and how many");
        if (world && !world->change_servers(at, added, withdrawn))
            throw Misread("expected that a name server is left");
    } else if (reader.accept("each-rung")) {
        reader.expect("restart");
        disturbed_ = reader.providers();
        reader.expect("after");
        disturbed_for_ = reader.time();
        reader.end();
    } else if (reader.accept("tolerate")) {
        const std::string invariant = reader.any("an invariant");
        if (invariant.size() < 2 || invariant.front() != 'I')
            throw Misread("expected an invariant as I2, found '" + invariant + "'");
        reader.end();
        tolerated_.insert(invariant);
    } else {
        reader.fail(
            "settled, owner, operator, crash, kill, start, lose, back-up, restore, cut, heal, "
            "messages, blind, clock, parent, server, ttl, signer, roll, name-servers, each-rung or "
            "tolerate");
    }
}

void Player::look_at_parent() {
    const ParentVersion& parent = world_->parent();
    Mask ds = 0, ns = 0;
    for (std::size_t bit = 0; bit < 64; ++bit) {
        if (parent.ds >> bit & 1) ds |= Mask(1) << world_->owner_of_key(bit);
        if (parent.ns >> bit & 1) ns |= Mask(1) << world_->owner_of(bit);
    }
    const auto count = [](Mask mask) { return std::to_string(__builtin_popcountll(mask)); };
    const std::string text = "parent has " + count(parent.ds) + " DS of " + list_of(ds) + ", " +
                             count(parent.ns) + " NS of " + list_of(ns);
    if (text == parent_said_ && parent.ds == parent_had_.ds && parent.ns == parent_had_.ns) return;
    say(text + (text == parent_said_ ? ", others than before" : ""));
    parent_said_ = text;
    parent_had_ = parent;
}

// What is waited for is said when it lasts, and holds when they begin or change.
void Player::look_at_waits() {
    waiting_.resize(names_.size());
    const Seconds now = world_->now();
    for (const Node& node : world_->nodes()) {
        Waiting& waiting = waiting_[node.at];
        if (!node.is_up) {
            waiting = Waiting{};
            continue;
        }
        std::string text, hold;
        Seconds until = 0;
        for (const Wait& wait : waits(node.policy, node.state)) {
            if (wait.until) {
                hold = shortened(describe(node.state));
                // The machine's time is that of its last event.
                until = node.state.steady->count() / 1000 - node.steady_origin +
                        (*wait.until - node.state.elapsed).count() / 1000;
            } else if (text.empty()) {
                text = shortened(wait.text);
            }
        }
        // A moment is a few seconds off in each step.
        if (!hold.empty() && (hold != waiting.hold || until > waiting.until + 30)) {
            const bool is_longer = hold == waiting.hold;
            say(names_[node.at] + " holds " + hold + " until " + clock_text(until - origin_) +
                (is_longer ? ", longer than before" : ""));
            waiting.until = until;
        }
        waiting.hold = hold.empty() && !text.empty() ? waiting.hold : hold;
        if (text != waiting.text) {
            waiting.text = text;
            waiting.since = now;
            waiting.is_said = false;
        } else if (!text.empty() && !waiting.is_said && now >= waiting.since + lasting) {
            waiting.is_said = true;
            say(names_[node.at] + " waits for " + text);
        }
    }
}

// False: an invariant is broken that the script does not tolerate.
bool Player::look() {
    look_at_parent();
    look_at_waits();
    if (world_->violation().empty()) return true;
    std::string violation = world_->violation();
    const std::string invariant = violation.substr(0, violation.find_first_of(": "));
    for (std::size_t at = 0; at < names_.size(); ++at) {
        const std::string letter = std::string(" of ") + static_cast<char>('A' + at);
        for (std::size_t of = 0; (of = violation.find(letter, of)) != violation.npos; ++of)
            if (of + letter.size() == violation.size() || violation[of + letter.size()] == ' ')
                violation.replace(of + 4, 1, names_[at]);
    }
    if (broken_.insert(violation).second) say("VIOLATED " + violation);
    if (!tolerated_.contains(invariant)) return false;
    world_->forgive();
    return true;
}

bool Player::proceed() {
    world_->proceed();
    return look();
}

bool Player::wait(const ScriptLine& line) {
    if (line.wait == ScriptLine::Wait::none) return true;
    if (line.wait == ScriptLine::Wait::until) {
        const Seconds limit = world_->now() + line.time;
        while (!is_true(line.condition)) {
            if (world_->now() > limit) {
                error = "did not come true within " + clock_text(line.time);
                return false;
            }
            if (!proceed()) return false;
        }
        return true;
    }
    const Seconds until =
        line.wait == ScriptLine::Wait::at ? origin_ + line.time : world_->now() + line.time;
    while (world_->next() <= until)
        if (!proceed()) return false;
    world_->pass(until);
    return look();
}

void Player::say_all_waits() {
    std::string what;
    if (world_->has_arrived(what)) {
        say("arrived");
        return;
    }
    say("not arrived: " + what);
    for (const Node& node : world_->nodes())
        if (node.is_up)
            for (const Wait& wait : waits(node.policy, node.state))
                say(names_[node.at] + " waits for " + shortened(wait.text));
}

void Player::play() {
    for (const ScriptLine& line : scenario_.lines) {
        const auto fail = [&](const std::string& text) {
            error = error_at(scenario_.path, line.number, text);
            say_all_waits();
        };
        try {
            const bool came = wait(line);
            heard_from_ = trace.size();
            if (!came && !error.empty()) return fail(error);
            if (!came) break;
            if (line.action.empty()) continue;
            act(line.action);
            heard_from_ = trace.size();
            if (!look()) break;
        } catch (const Misread& misread) {
            return fail(misread.what());
        }
    }
    say_all_waits();
    for (const Node& node : world_->nodes()) {
        if (!node.is_up) continue;
        for (const std::string& text : node.state.observations)
            say(names_[node.at] + " observes: " + shortened(text));
    }
}

}  // namespace

Scenario parse_scenario(const std::string& path, const std::string& text) {
    Scenario scenario;
    scenario.path = path;
    std::size_t number = 0, at = 0;
    bool is_script = true;
    std::vector<std::string> names;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        ++number;
        if (!is_script) {
            scenario.expected.push_back(line);
            continue;
        }
        scenario.script += line + "\n";
        if (line.starts_with("---")) {
            is_script = false;
            continue;
        }
        try {
            const std::vector<Word> words = words_of(line);
            if (words.empty()) continue;
            if (scenario.lines.empty() && read_setting(scenario, words)) continue;
            names = names_of(scenario.stage);
            if (scenario.stage.on == 0) throw Misread("expected 'on' before the first step");
            const ScriptLine step = read_line(number, words, names);
            Player(scenario, nullptr, nullptr).check(step);
            scenario.lines.push_back(step);
        } catch (const Misread& misread) {
            scenario.error = error_at(path, number, misread.what());
            return scenario;
        }
    }
    if (scenario.lines.empty())
        scenario.error = error_at(path, number, "expected at least one step");
    if (is_script) scenario.script += "---\n";
    return scenario;
}

Performance perform(const Scenario& scenario, Coverage& coverage) {
    Player* player = nullptr;
    World world(
        scenario.stage, [&](const Stepped& stepped) { player->step(stepped); },
        [&](const std::string& text) { player->note(text); });
    Player playing(scenario, &world, &coverage);
    player = &playing;
    playing.play();
    return {std::move(playing.trace), std::move(playing.error)};
}

std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& found) {
    // The longest common subsequence; traces have a few hundred lines.
    const std::size_t rows = expected.size(), columns = found.size();
    std::vector<std::vector<std::uint32_t>> length(rows + 1,
                                                   std::vector<std::uint32_t>(columns + 1));
    for (std::size_t row = rows; row-- > 0;)
        for (std::size_t column = columns; column-- > 0;)
            length[row][column] = expected[row] == found[column]
                                      ? length[row + 1][column + 1] + 1
                                      : std::max(length[row + 1][column], length[row][column + 1]);
    std::string text;
    for (std::size_t row = 0, column = 0; row < rows || column < columns;) {
        if (row < rows && column < columns && expected[row] == found[column]) {
            ++row, ++column;
        } else if (row < rows &&
                   (column == columns || length[row + 1][column] >= length[row][column + 1])) {
            text += "- " + expected[row++] + "\n";
        } else {
            text += "+ " + found[column++] + "\n";
        }
    }
    return text;
}

}  // namespace chorale::simulation
