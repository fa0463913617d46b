#include "combiner/app/admin.hpp"

namespace chorale::combiner {

http::Router admin_routes(Service& service) {
    http::Router router;
    router.add(http::Method::get, "/healthz", http::Access::open,
               http::immediately([](const http::HttpRequest&, const http::PathParameters&) {
                   http::HttpResponse response;
                   response.content_type = "text/plain";
                   response.body = "ok\n";
                   return response;
               }));
    static_cast<void>(service);
    return router;
}

}  // namespace chorale::combiner
