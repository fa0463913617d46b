// The admin interface (proto/openapi/combiner-admin.json): routes over the
// running service. Every change is written to the audit before it is made, and
// is durable before it is answered.
#pragma once

#include "combiner/app/service.hpp"
#include "common/http/router.hpp"

namespace chorale::combiner {

// `service` outlives the router.
http::Router admin_routes(Service& service);

// One route a line, "GET /admin/v1/events token limit after zone": method, path,
// who may ask, query parameters. What the contract test compares with the
// OpenAPI document.
std::string print_admin_routes();

// How the root zone is written as a path segment, since "." is none (RFC 3986 5.2.4).
inline constexpr std::string_view root_zone_segment = "@";

}  // namespace chorale::combiner
