// What the connections of one HttpServer share. For this room only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "common/http/listener.hpp"
#include "common/http/server.hpp"

namespace chorale::http {

struct Connection;

struct HttpServer::Core {
    Core(boost::asio::any_io_executor runs_on, Router table, HttpServerSettings options)
        : executor(std::move(runs_on)),
          router(std::move(table)),
          settings(std::move(options)),
          grace_end(executor) {}

    void close_listeners();
    void close_connections();
    void connection_gone(Connection* connection);
    void tell_stopped();

    boost::asio::any_io_executor executor;
    Router router;
    HttpServerSettings settings;
    HttpServerCounters counters;
    std::vector<std::shared_ptr<Listener>> listeners;
    std::set<Connection*> connections;  // each takes itself out at its end
    boost::asio::steady_timer grace_end;
    bool is_stopping = false;
    std::function<void()> stopped;
};

}  // namespace chorale::http
