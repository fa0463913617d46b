// What the admin interface shows, as JSON documents (their schemas are in
// proto/openapi/combiner-admin.json). Only reads; instants are RFC 3339 text,
// names and RDATA presentation form, what is not known is null.
#pragma once

#include <array>

#include "combiner/app/service.hpp"
#include "common/base/json.hpp"

namespace chorale::combiner {

// "loading" (never had it), "expired" (SERVFAIL), "frozen" or "serving".
std::string_view state_of(const ServedZone& zone, Instant now);
inline constexpr std::array zone_states = {"loading", "serving", "frozen", "expired"};
// By state; every state is there.
std::map<std::string_view, std::size_t> count_by_state(const Service& service, Instant now);

// Most entries that one list shows, and how many it shows unasked.
struct ListBounds {
    std::size_t unasked;
    std::size_t most;
};
inline constexpr ListBounds zone_list_bounds = {20'000, 20'000};
inline constexpr ListBounds timer_list_bounds = {100, 10'000};
inline constexpr ListBounds event_list_bounds = {100, Events::most_remembered};
inline constexpr ListBounds transfer_list_bounds = {100, 10'000};
inline constexpr ListBounds audit_list_bounds = {100, 10'000};

Json status_document(Service& service);
Json zone_document(const Service& service, const ServedZone& zone, Instant now);
Json overlay_document(const ServedZone& zone);
// In canonical order of names, those behind `after` if it is given.
Json zone_list(const Service& service, const std::optional<dns::Name>& after, std::size_t limit,
               Instant now);
// What is to come, soonest first.
Json timer_list(const Service& service, std::size_t limit, Instant now);
// The last one of each zone and server, newest first.
Json transfer_list(const Service& service, std::size_t limit);
// The newest ones, in order of time; of one zone if `zone` is not empty.
Json event_list(const Events& events, std::uint64_t after_id, const std::string& zone,
                std::size_t limit);
Json audit_list(const std::vector<AuditEntry>& entries);

// Zones that hinder readiness, with their states; at most 20.
Json unready_zones(const Service& service, Instant now);

}  // namespace chorale::combiner
