#include "common/runtime/log.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "common/base/bytes.hpp"
#include "tests/support/catch.hpp"

namespace chorale::runtime::log {
namespace {

const Instant noon = from_unix_milliseconds(1'769'860'800'123);

// Takes what is logged while it lives.
class Capture {
public:
    explicit Capture(Level level = Level::info, Format format = Format::logfmt) {
        REQUIRE(::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
        REQUIRE(::fcntl(ends_[1], F_SETFL, 0) == 0);  // the writer's end blocks, as stderr does
        configure({level, format, ends_[1]});
    }
    ~Capture() {
        configure({});
        ::close(ends_[0]);
        ::close(ends_[1]);
    }

    std::string text() {
        std::string all;
        char part[8192];
        for (ssize_t got = 0; (got = ::read(ends_[0], part, sizeof part)) > 0;) {
            all.append(part, static_cast<std::size_t>(got));
        }
        return all;
    }
    // Without the time, which differs.
    std::vector<std::string> lines() {
        std::vector<std::string> result;
        const std::string all = text();
        for (std::size_t start = 0; start < all.size();) {
            const std::size_t end = all.find('\n', start);
            REQUIRE(end != std::string::npos);
            const std::string line = all.substr(start, end - start);
            result.push_back(line.substr(line.find(' ') + 1));
            start = end + 1;
        }
        return result;
    }

private:
    int ends_[2] = {-1, -1};
};

}  // namespace

TEST_CASE("An event is one line of fields") {
    const Field fields[] = {{"zone", "zone.example."},
                            {"serial", std::uint32_t{4'294'967'295}},
                            {"change", -5},
                            {"signed", true},
                            {"seconds", 0.25},
                            {"reason", "no such key"},
                            {"empty", ""}};
    CHECK(render(noon, Format::logfmt, Level::warning, "peer.hello.refused", fields) ==
          "time=2026-01-31T12:00:00.123Z level=warning event=peer.hello.refused zone=zone.example. "
          "serial=4294967295 change=-5 signed=true seconds=0.25 reason=\"no such key\" empty=\"\"");
    CHECK(render(noon, Format::json, Level::warning, "peer.hello.refused", fields) ==
          R"({"time":"2026-01-31T12:00:00.123Z","level":"warning","event":"peer.hello.refused",)"
          R"("zone":"zone.example.","serial":4294967295,"change":-5,"signed":true,"seconds":0.25,)"
          R"("reason":"no such key","empty":""})");
}

TEST_CASE("Numbers of every size and kind are JSON") {
    const Field fields[] = {{"a", std::numeric_limits<std::uint64_t>::max()},
                            {"b", std::numeric_limits<std::int64_t>::min()},
                            {"c", std::numeric_limits<double>::max()},
                            {"d", std::numeric_limits<double>::infinity()},
                            {"e", -std::numeric_limits<double>::infinity()},
                            {"f", std::numeric_limits<double>::quiet_NaN()},
                            {"g", std::size_t{0}}};
    const auto json = nlohmann::json::parse(render(noon, Format::json, Level::info, "a", fields));
    CHECK(json["a"] == std::numeric_limits<std::uint64_t>::max());
    CHECK(json["b"] == std::numeric_limits<std::int64_t>::min());
    CHECK(json["c"] == std::numeric_limits<double>::max());
    CHECK(json["d"] == "inf");
    CHECK(json["e"] == "-inf");
    CHECK(json["f"] == "nan");
}

TEST_CASE("No octet of a value can forge a line or a field (CWE-117)") {
    for (int octet = 0; octet < 256; ++octet) {
        const std::string value = std::string("a") + static_cast<char>(octet) + "b";
        const Field fields[] = {{"value", value}};
        const std::string logfmt = render(noon, Format::logfmt, Level::info, "e", fields);
        const std::string json = render(noon, Format::json, Level::info, "e", fields);
        INFO(octet);
        for (const std::string& line : {logfmt, json}) {
            for (const char character : line) {
                const auto printed = static_cast<unsigned char>(character);
                REQUIRE((printed >= 0x20 && printed < 0x7f));
            }
        }
        const std::string shown = nlohmann::json::parse(json)["value"];
        if (octet >= 0x20 && octet < 0x7f) {
            CHECK(shown == value);
        } else if (octet != '\n' && octet != '\r' && octet != '\t') {
            CHECK(shown.substr(0, 3) == "a\\x");
        }
    }
    const Field forged[] = {{"name", "x\nlevel=error event=fake"}, {"b", "\" c=\"1"}};
    CHECK(render(noon, Format::logfmt, Level::info, "e", forged) ==
          "time=2026-01-31T12:00:00.123Z level=info event=e "
          "name=\"x\\nlevel=error event=fake\" b=\"\\\" c=\\\"1\"");
}

TEST_CASE("A line has a bound and says when it was cut") {
    for (const Format format : {Format::logfmt, Format::json}) {
        for (const std::size_t size : {4'000U, 4'095U, 4'096U, 100'000U}) {
            for (const char character : {'x', '\n', '\x01', '"'}) {
                const std::string large(size, character);
                const Field fields[] = {{"large", large}, {"after", 1}};
                const auto line = render(noon, format, Level::info, "e", fields);
                CHECK(line.size() <= longest_line);
                const bool is_cut = line.find("truncated") != std::string::npos;
                const bool is_whole = line.find("after") != std::string::npos;
                CHECK(is_cut != is_whole);
                if (format == Format::json) CHECK(nlohmann::json::accept(line));
            }
        }
        std::vector<Field> many(1'000, Field{"name", 12345});
        const auto line = render(noon, format, Level::info, "e", many);
        CHECK(line.size() <= longest_line);
        CHECK(line.find("truncated") != std::string::npos);
        if (format == Format::json) CHECK(nlohmann::json::accept(line));
    }
}

TEST_CASE("Less urgent events than the level are not written") {
    Capture capture(Level::warning);
    debug("a");
    info("b");
    warning("c", {{"n", 1}});
    error("d");
    CHECK(capture.lines() ==
          std::vector<std::string>{"level=warning event=c n=1", "level=error event=d"});
    CHECK(is_enabled(Level::error));
    CHECK_FALSE(is_enabled(Level::info));
}

TEST_CASE("A reader who stands still costs lines, which are counted, and stops nobody") {
    Capture capture;
    const std::string large(1'000, 'x');
    const auto before = lost_lines();
    for (int i = 0; i < 300; ++i) info("e", {{"i", i}, {"large", large}});  // a pipe holds 64 KiB
    const auto lost = lost_lines() - before;
    CHECK(lost > 200);
    CHECK(lost < 300);
    const auto written = capture.lines();
    CHECK(written.size() + lost == 300);
    for (const auto& line : written) CHECK(line.size() > 1'000);  // none is torn
    info("later");
    CHECK(capture.lines() ==
          std::vector<std::string>{"level=warning event=log.lost lines=" + std::to_string(lost),
                                   "level=info event=later"});
    CHECK(lost_lines() - before == lost);
}

TEST_CASE("A reader who is gone costs lines only") {
    ::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    configure({Level::info, Format::logfmt, ends[1]});
    ::close(ends[0]);
    const auto before = lost_lines();
    info("e");
    CHECK(lost_lines() == before + 1);
    ::close(ends[1]);
    Capture capture;
    info("later");
    CHECK(capture.lines().size() == 2);
}

TEST_CASE("Threads may log at once, and lines stay whole") {
    Capture capture(Level::info, Format::json);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([thread] {
            for (int i = 0; i < 50; ++i) info("e", {{"thread", thread}, {"i", i}});
        });
    }
    for (auto& thread : threads) thread.join();
    const std::string all = capture.text();
    std::size_t lines = 0;
    for (std::size_t start = 0; start < all.size(); ++lines) {
        const auto end = all.find('\n', start);
        CHECK(nlohmann::json::accept(all.substr(start, end - start)));
        start = end + 1;
    }
    CHECK(lines == 200);
}

TEST_CASE("One line per key and interval, with the number of those between") {
    Capture capture;
    RateLimitedLog limited(std::chrono::seconds(60), 10);
    const auto say = [&](int second, const char* key) {
        return limited.event(noon + std::chrono::seconds(second), Level::info, "refused", key,
                             {{"from", key}});
    };
    CHECK(say(0, "a"));
    CHECK_FALSE(say(1, "a"));
    CHECK_FALSE(say(59, "a"));
    CHECK(say(59, "b"));
    CHECK(say(60, "a"));
    CHECK_FALSE(say(61, "a"));
    CHECK(say(-3'600, "b"));  // the clock was set back
    CHECK(capture.lines() == std::vector<std::string>{
                                 "level=info event=refused from=a",
                                 "level=info event=refused from=b",
                                 "level=info event=refused from=a suppressed=2",
                                 "level=info event=refused from=b",
                             });
    limited.flush(noon + std::chrono::seconds(119));
    CHECK(capture.lines().empty());
    limited.flush(noon + std::chrono::seconds(120));
    CHECK(capture.lines() ==
          std::vector<std::string>{"level=info event=log.suppressed of=refused key=a count=1"});
    limited.flush(noon + std::chrono::seconds(300));
    CHECK(capture.lines().empty());
}

TEST_CASE("Another event of the same key is another line") {
    Capture capture;
    RateLimitedLog limited;
    CHECK(limited.event(noon, Level::info, "a", "key", {}));
    CHECK(limited.event(noon, Level::info, "b", "key", {}));
    CHECK_FALSE(limited.event(noon, Level::info, "b", "key", {}));
    CHECK_FALSE(limited.event(noon, Level::debug, "c", "key", {}));  // not urgent enough
}

TEST_CASE("Ever new keys fill neither memory nor the log") {
    Capture capture;
    RateLimitedLog limited(std::chrono::seconds(60), 10);
    int written = 0;
    for (int i = 0; i < 1'000; ++i) {
        if (limited.event(noon, Level::info, "refused", "key " + std::to_string(i), {})) ++written;
    }
    CHECK(written == 10);
    CHECK(capture.lines().size() == 10);
    CHECK(limited.event(noon + std::chrono::seconds(60), Level::info, "refused", "late", {}));
    limited.flush(noon + std::chrono::seconds(61));
    CHECK(capture.lines() == std::vector<std::string>{"level=info event=refused",
                                                      "level=info event=log.suppressed count=990"});
}

}  // namespace chorale::runtime::log
