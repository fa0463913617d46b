// Who may speak to an HTTP listener: DNS rebinding (Host), cross-site requests
// (Origin, RFC 6454), bearer token (RFC 6750). Pure functions; an empty answer
// means the request may pass, otherwise it is what to answer.
#pragma once

#include <optional>

#include "common/base/secret.hpp"
#include "common/http/message.hpp"
#include "common/http/problem.hpp"

namespace chorale::http {

// Host must be an IP literal or localhost, since a page at a name that was
// rebound to 127.0.0.1 sends that name: 421. On a UNIX socket any host will do.
std::optional<Refusal> refuse_foreign_host(const HttpRequest& request, bool any_host);

// A browser sends Origin with everything that can change something, and with
// what a page elsewhere wants to read: 403 unless it is the host that was asked.
std::optional<Refusal> refuse_foreign_origin(const HttpRequest& request);

// 401 unless the request has the token; compared in constant time. An empty
// token lets nobody pass.
std::optional<Refusal> refuse_without_token(const HttpRequest& request, const Secret& token);

// A body must say it is JSON (which a cross-site form cannot): 415.
std::optional<Refusal> refuse_other_media_type(const HttpRequest& request);

}  // namespace chorale::http
