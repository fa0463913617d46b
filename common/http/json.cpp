#include "common/http/json.hpp"

namespace chorale::http {

HttpResponse json_response(unsigned status, const Json& document) {
    HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = to_json_text(document);
    return response;
}

}  // namespace chorale::http
