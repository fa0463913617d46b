#include "common/http/client.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "common/http/wire.hpp"

namespace chorale::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Stream = asio::generic::stream_protocol;

namespace {

struct Exchange {
    Exchange(asio::io_context& context, Stream::endpoint to, std::string text, bool asks_head)
        : socket(context),
          server(std::move(to)),
          request(std::move(text)),
          reader(HttpClient::answer_limit, asks_head) {}

    Stream::socket socket;
    Stream::endpoint server;
    std::string request;
    std::array<char, 16 * 1024> input;
    ResponseReader reader;
    std::optional<Result<HttpResponse>> outcome;
};

Error network_error(const error_code& failure) { return {ErrorKind::network, failure.message()}; }

// Has no deadlines of its own: who runs the context stops running it.
asio::awaitable<void> exchange_messages(std::shared_ptr<Exchange> exchange) {
    error_code failure;
    auto connecting = exchange->socket.async_connect(
        exchange->server, asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(connecting);
    if (failure) {
        exchange->outcome = network_error(failure);
        co_return;
    }
    const auto text = asio::buffer(exchange->request);
    auto writing = asio::async_write(exchange->socket, text,
                                     asio::redirect_error(asio::use_awaitable, failure));
    co_await std::move(writing);
    // A server may answer and close without reading everything: read in any case.
    while (!exchange->outcome) {
        const auto room = asio::buffer(exchange->input);
        auto reading = exchange->socket.async_read_some(
            room, asio::redirect_error(asio::use_awaitable, failure));
        const std::size_t octets = co_await std::move(reading);
        if (failure && failure != asio::error::eof) {
            exchange->outcome = network_error(failure);
            co_return;
        }
        const Result<bool> complete =
            failure ? exchange->reader.finish()
                    : exchange->reader.consume(std::string_view(exchange->input.data(), octets));
        if (!complete) {
            exchange->outcome = complete.error();
        } else if (*complete) {
            exchange->outcome = exchange->reader.take();
        } else if (failure) {
            exchange->outcome = malformed("the answer ends early");
        }
    }
}

bool is_target(std::string_view target) {
    return target.starts_with('/') && std::all_of(target.begin(), target.end(), [](char octet) {
               return octet > 0x20 && octet < 0x7F;
           });
}

// An endpoint can be made of almost anything, an Error too, and so fits in no Result.
std::optional<Stream::endpoint> endpoint_of(const HttpAddress& address) {
    if (address.is_unix()) {
        return Stream::endpoint(asio::local::stream_protocol::endpoint(address.unix_path));
    }
    error_code failure;
    const auto ip = asio::ip::make_address(address.ip, failure);
    if (failure) return std::nullopt;
    return Stream::endpoint(asio::ip::tcp::endpoint(ip, address.port));
}

}  // namespace

HttpClient::HttpClient(HttpAddress server, Secret token, std::chrono::milliseconds deadline)
    : server_(std::move(server)), token_(std::move(token)), deadline_(deadline) {}

Result<HttpResponse> HttpClient::request(Method method, std::string_view target,
                                         std::string_view body) {
    if (!is_target(target)) return malformed("not an encoded path");
    const auto endpoint = endpoint_of(server_);
    if (!endpoint) return malformed("not an address: " + to_text(server_));
    HttpRequest request;
    request.method = method;
    request.target = target;
    request.host = server_.is_unix() ? "localhost" : to_text(server_);
    request.headers.add("Accept", "application/json, application/problem+json");
    if (!token_.empty()) {
        request.headers.add("Authorization", "Bearer " + std::string(as_text(token_.reveal())));
    }
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    request.body = body;
    try {
        asio::io_context context(1);
        auto exchange = std::make_shared<Exchange>(context, *endpoint, write_request(request),
                                                   method == Method::head);
        asio::co_spawn(context, exchange_messages(exchange), asio::detached);
        context.run_for(deadline_);
        if (exchange->outcome) return std::move(*exchange->outcome);
    } catch (const std::exception& failure) {
        return Error(ErrorKind::network, failure.what());  // such as no descriptors left
    }
    return Error(ErrorKind::timeout,
                 "no answer within " + std::to_string(deadline_.count()) + " milliseconds");
}

}  // namespace chorale::http
