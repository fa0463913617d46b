#include "common/http/problem.hpp"

#include "common/http/json.hpp"

namespace chorale::http {

HttpResponse problem(unsigned status, std::string_view detail) {
    HttpResponse response =
        json_response(status, Json{{"type", "about:blank"},
                                   {"title", std::string(reason_phrase(status))},
                                   {"status", status},
                                   {"detail", std::string(detail)}});
    response.content_type = "application/problem+json";
    return response;
}

HttpResponse problem(const Error& error) {
    unsigned status = 500;
    switch (error.kind()) {
        case ErrorKind::malformed:
        case ErrorKind::limit: status = 400; break;
        case ErrorKind::refused: status = 403; break;
        case ErrorKind::not_found: status = 404; break;
        case ErrorKind::conflict: status = 409; break;
        case ErrorKind::unauthorized: status = 401; break;
        case ErrorKind::timeout:
        case ErrorKind::network:
        case ErrorKind::cancelled: status = 503; break;
        case ErrorKind::storage:
        case ErrorKind::unspecified: status = 500; break;
    }
    return problem(status, error.message());
}

HttpResponse problem(const Refusal& refusal) {
    HttpResponse response = problem(refusal.status, refusal.detail);
    response.headers = refusal.headers;
    return response;
}

}  // namespace chorale::http
