// JSON as the body of an HTTP answer; reading and writing it is in base.
#pragma once

#include "common/base/json.hpp"
#include "common/http/message.hpp"

namespace chorale::http {

HttpResponse json_response(unsigned status, const Json& document);

}  // namespace chorale::http
