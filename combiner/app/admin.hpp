// The admin interface (proto/openapi/combiner-admin.json): routes over the
// running service. Every change is durable before it is answered, and audited.
#pragma once

#include "combiner/app/service.hpp"
#include "common/http/router.hpp"

namespace chorale::combiner {

// `service` outlives the router.
http::Router admin_routes(Service& service);

}  // namespace chorale::combiner
