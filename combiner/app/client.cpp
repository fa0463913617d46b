#include "combiner/app/client.hpp"

#include <chrono>
#include <cstdio>
#include <memory>

#include "combiner/app/admin.hpp"
#include "combiner/app/client_text.hpp"
#include "combiner/app/configuration.hpp"
#include "common/base/json.hpp"
#include "common/http/client.hpp"
#include "common/http/target.hpp"
#include "common/runtime/files.hpp"

namespace chorale::combiner {

using http::HttpResponse;
using http::Method;

namespace {

constexpr int done = 0, refused = 1, wrong_configuration = 2, not_reachable = 3;

// Longer than the daemon takes to give up a request.
constexpr std::chrono::milliseconds answer_time{35'000};
constexpr std::size_t zones_per_page = 5'000;
constexpr std::size_t most_pages = 10'000;

// Far beyond what a zone's document has; the lists of the daemon are bounded.
constexpr JsonLimits answer_limits = {.depth = 16, .nodes = 5'000'000, .string = 1U << 20U};

int complain(int code, const std::string& text) {
    std::fprintf(stderr, "combiner: %s\n", printable(text).c_str());
    return code;
}

// What is asked for over HTTP.
struct Question {
    Method method = Method::get;
    std::string target;
    std::string body;
};

struct Answer {
    int exit_code = done;
    Json document;  // null if the answer was empty, or none

    bool is_good() const { return exit_code == done; }
};

std::string zone_segment(const std::string& zone) {
    return http::encode_path_segment(zone == "." ? root_zone_segment : std::string_view(zone));
}

std::string zone_target(const std::string& zone) { return "/admin/v1/zones/" + zone_segment(zone); }

std::string list_target(const ClientRequest& request, const char* list) {
    std::string target = std::string("/admin/v1/") + list;
    char separator = '?';
    const auto add = [&](const char* name, const std::string& value) {
        target += separator + std::string(name) + '=' + value;
        separator = '&';
    };
    if (request.limit) add("limit", std::to_string(*request.limit));
    if (!request.zone.empty()) add("zone", zone_segment(request.zone));
    return target;
}

Question question_of(const ClientRequest& request) {
    const std::string zone = zone_target(request.zone);
    switch (request.verb) {
        case Verb::status: return {Method::get, "/admin/v1/status", ""};
        case Verb::zones:
            return {Method::get, "/admin/v1/zones?limit=" + std::to_string(zones_per_page), ""};
        case Verb::zone: return {Method::get, zone, ""};
        case Verb::add:
            return {Method::post, "/admin/v1/zones",
                    to_json_text({{"name", request.zone}, {"template", request.template_name}})};
        case Verb::remove: return {Method::delete_, zone, ""};
        case Verb::refresh:
            return {Method::post, zone + "/refresh" + (request.is_forced ? "?force=true" : ""), ""};
        case Verb::freeze: return {Method::post, zone + "/freeze", ""};
        case Verb::thaw: return {Method::post, zone + "/thaw", ""};
        case Verb::overlay: return {Method::get, zone + "/overlay", ""};
        case Verb::clear:
            return {Method::delete_, zone + "/overlay/" + http::encode_path_segment(request.type),
                    ""};
        case Verb::events: return {Method::get, list_target(request, "events"), ""};
        case Verb::timers: return {Method::get, list_target(request, "timers"), ""};
        case Verb::transfers: return {Method::get, list_target(request, "transfers"), ""};
        case Verb::audit: return {Method::get, list_target(request, "audit"), ""};
    }
    return {};
}

std::string answer_text(const ClientRequest& request, const Json& document, Instant now) {
    const std::string zone = printable(request.zone);
    switch (request.verb) {
        case Verb::status: return status_text(document, now);
        case Verb::zones: return zones_text(document);
        case Verb::zone: return zone_text(document, now);
        case Verb::add: return "added:\n" + zone_text(document, now);
        case Verb::remove: return zone + " is removed, and its overlay with it\n";
        case Verb::refresh:
            return "its primaries are being asked; `combiner zone " + zone +
                   "` shows the outcome\n";
        case Verb::freeze:
            return zone +
                   " is frozen: it is served as it is, UPDATE is refused, no transfer comes in\n";
        case Verb::thaw: return zone + " is thawed, and its primaries are being asked\n";
        case Verb::overlay: return overlay_text(document, now);
        case Verb::clear:
            return printable(request.type) +
                   " is out of the overlay: the owner's is served, if there is one\n";
        case Verb::events: return events_text(document);
        case Verb::timers: return timers_text(document, now);
        case Verb::transfers: return transfers_text(document, now);
        case Verb::audit: return audit_text(document);
    }
    return "";
}

// The daemon as its configuration says it can be reached.
class Daemon {
public:
    Daemon(std::shared_ptr<const Configuration> configuration, Secret token)
        : configuration_(std::move(configuration)),
          client_(configuration_->admin, std::move(token), answer_time) {}

    // What went wrong has been said on stderr.
    Answer ask(const Question& question) {
        auto response = client_.request(question.method, question.target, question.body);
        if (!response) return {complain(not_reachable, unreachable_text(response.error())), {}};
        const bool is_granted = response->status >= 200 && response->status < 300;
        if (!is_granted) return {complain(refused, refusal_text(*response)), {}};
        if (response->body.empty()) return {};
        auto document = parse_json(response->body, answer_limits);
        if (!document) {
            return {complain(not_reachable, "the answer of " + address() +
                                                " is no JSON: does a combiner listen there?"),
                    {}};
        }
        return {done, std::move(*document)};
    }

private:
    std::string address() const { return http::to_text(configuration_->admin); }

    std::string unreachable_text(const Error& error) const {
        return "no combiner can be reached at " + address() + " (admin.listen of " +
               configuration_->file + "): " + error.message() + ". Is it running?";
    }

    std::string refusal_text(const HttpResponse& response) const {
        if (response.status == 401) {
            return "the combiner at " + address() + " does not take the token of " +
                   configuration_->token_file + ": SIGHUP lets it read the file again";
        }
        const auto document = parse_json(response.body);
        if (document && document->is_object()) {
            const auto detail = document->find("detail");
            if (detail != document->end() && detail->is_string()) return detail->get<std::string>();
        }
        return "the combiner answers with status " + std::to_string(response.status);
    }

    std::shared_ptr<const Configuration> configuration_;
    http::HttpClient client_;
};

// All pages of the list as one.
Answer ask_for_zones(Daemon& daemon, const Question& question) {
    Answer all = daemon.ask(question);
    if (!all.is_good() || !all.document.is_object() || !all.document["zones"].is_array())
        return all;
    for (std::size_t page = 1; page < most_pages && all.document["next"].is_string(); ++page) {
        Question next = question;
        next.target += "&after=" + zone_segment(all.document["next"].get<std::string>());
        Answer more = daemon.ask(next);
        if (!more.is_good()) return more;
        if (!more.document.is_object() || !more.document["zones"].is_array()) break;
        for (Json& zone : more.document["zones"]) all.document["zones"].push_back(std::move(zone));
        all.document["next"] = std::move(more.document["next"]);
    }
    return all;
}

}  // namespace

int run_client(const std::string& configuration_file, const ClientRequest& request) {
    const auto configuration = load_combiner_configuration(configuration_file);
    if (!configuration) {
        std::fputs(configuration.error().to_text().c_str(), stderr);
        return wrong_configuration;
    }
    auto token = runtime::read_secret_file((*configuration)->token_file);
    if (!token) {
        return complain(wrong_configuration, token.error().in("admin.token_file").message());
    }
    Daemon daemon(*configuration, std::move(*token));
    const Question question = question_of(request);
    const Answer answer =
        request.verb == Verb::zones ? ask_for_zones(daemon, question) : daemon.ask(question);
    if (!answer.is_good()) return answer.exit_code;
    if (request.prints_json) {
        const bool is_empty = answer.document.is_null();
        if (!is_empty) std::printf("%s\n", to_json_text(answer.document).c_str());
        return done;
    }
    const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    std::fputs(answer_text(request, answer.document, now).c_str(), stdout);
    return done;
}

}  // namespace chorale::combiner
