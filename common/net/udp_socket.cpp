#include "common/net/udp_socket.hpp"

#include <netinet/in.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "common/net/gather.hpp"

namespace chorale::net::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t datagrams_per_call = 32;
constexpr std::size_t control_octets = 128;  // one in_pktinfo or in6_pktinfo fits

// Where one answer goes.
class UdpReply final : public ReplyStream {
public:
    UdpReply(std::shared_ptr<ServerState> state, std::shared_ptr<UdpSocket> socket,
             SocketAddress target, SocketAddress local, unsigned interface)
        : state_(std::move(state)),
          socket_(std::move(socket)),
          target_(target),
          local_(local),
          interface_(interface) {}

    Transport transport() const override { return Transport::udp; }
    bool is_open() const override { return socket_->is_open(); }
    void close() override {}
    asio::awaitable<Result<void>> send(std::vector<OutgoingMessage> messages) override {
        return finished(send_one(messages));
    }

private:
    static asio::awaitable<Result<void>> finished(Result<void> outcome) { co_return outcome; }

    Result<void> send_one(const std::vector<OutgoingMessage>& messages) {
        Result<void> sent = success();
        if (messages.size() != 1) {
            sent = Error(ErrorKind::limit, "an answer over UDP is one message");
        } else if (!is_open()) {
            sent = cancelled_error("send");
        } else {
            sent = socket_->send(target_, local_, interface_, messages.front());
        }
        if (sent.has_error()) ++state_->counters.send_failures;
        return sent;
    }

    std::shared_ptr<ServerState> state_;
    std::shared_ptr<UdpSocket> socket_;
    SocketAddress target_;
    SocketAddress local_;
    unsigned interface_;  // of a link-local address; 0: as the routes say
};

// The destination of a received datagram, and the interface if the address needs one to be clear.
struct Destination {
    asio::ip::address address;
    unsigned interface = 0;
};

Destination destination_of(const msghdr& header, const asio::ip::address& bound) {
    auto& readable = const_cast<msghdr&>(header);
    for (const cmsghdr* control = CMSG_FIRSTHDR(&readable); control != nullptr;
         control = CMSG_NXTHDR(&readable, const_cast<cmsghdr*>(control))) {
        if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
            in_pktinfo info;
            std::memcpy(&info, CMSG_DATA(control), sizeof info);
            // Not ipi_addr, which may be a broadcast address.
            return {asio::ip::address_v4(ntohl(info.ipi_spec_dst.s_addr)), 0};
        }
        if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info;
            std::memcpy(&info, CMSG_DATA(control), sizeof info);
            asio::ip::address_v6::bytes_type octets;
            std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
            const asio::ip::address_v6 address(octets);
            return {address, address.is_link_local() ? info.ipi6_ifindex : 0U};
        }
    }
    return {bound, 0};
}

template <class Info>
void set_control(msghdr& header, int level, int type, const Info& info) {
    header.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

}  // namespace

// What one recvmmsg fills. The octets are left uninitialised, so that memory is taken only as large
// datagrams come.
struct UdpSocket::Batch {
    Batch() : octets(std::make_unique_for_overwrite<Byte[]>(datagrams_per_call * longest_message)) {
        for (std::size_t at = 0; at < datagrams_per_call; ++at) {
            pieces[at] = {octets.get() + at * longest_message, longest_message};
            headers[at] = {};
            headers[at].msg_hdr.msg_iov = &pieces[at];
            headers[at].msg_hdr.msg_iovlen = 1;
        }
    }

    // What the kernel overwrites.
    void prepare() {
        for (std::size_t at = 0; at < datagrams_per_call; ++at) {
            msghdr& header = headers[at].msg_hdr;
            header.msg_name = &sources[at];
            header.msg_namelen = sizeof sources[at];
            header.msg_control = controls[at].octets;
            header.msg_controllen = control_octets;
        }
    }

    struct Control {
        alignas(cmsghdr) Byte octets[control_octets];
    };

    std::unique_ptr<Byte[]> octets;
    std::array<iovec, datagrams_per_call> pieces;
    std::array<mmsghdr, datagrams_per_call> headers;
    std::array<sockaddr_storage, datagrams_per_call> sources;
    std::array<Control, datagrams_per_call> controls;
};

UdpSocket::UdpSocket(std::shared_ptr<ServerState> state)
    : state_(std::move(state)), socket_(state_->executor), batch_(std::make_unique<Batch>()) {}
UdpSocket::~UdpSocket() = default;

Result<SocketAddress> UdpSocket::bind(SocketAddress address) {
    const std::string what = "listen on " + address.to_text() + " (UDP)";
    const asio::ip::udp::endpoint endpoint = address.udp();
    error_code failure;
    socket_.open(endpoint.protocol(), failure);
    if (failure) return network_error(what, failure);
    const bool is_v6 = address.address().is_v6();
    const int descriptor = socket_.native_handle();
    const auto set = [descriptor](int level, int option, int value) {
        return ::setsockopt(descriptor, level, option, &value, sizeof value) == 0;
    };
    const bool tells_destination =
        is_v6 ? set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set(IPPROTO_IP, IP_PKTINFO, 1);
    if (!tells_destination) return network_error(what, errno);
    if (is_v6) (void)set(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // Forged "fragmentation needed" must not make us send fragments (RFC 9715).
    if (is_v6) {
        (void)set(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    } else {
        (void)set(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
    // No SO_REUSEADDR: with it two daemons could share one UDP port unnoticed.
    socket_.bind(endpoint, failure);
    if (failure) return network_error(what, failure);
    local_ = SocketAddress(socket_.local_endpoint(failure));
    if (failure) return network_error(what, failure);
    return local_;
}

asio::awaitable<void> UdpSocket::serve(std::shared_ptr<UdpSocket> self) {
    Batch& batch = *self->batch_;
    while (self->is_open() && !self->is_finishing_) {
        error_code failure;
        co_await self->socket_.async_wait(asio::ip::udp::socket::wait_read,
                                          asio::redirect_error(asio::use_awaitable, failure));
        if (!self->is_open() || self->is_finishing_) break;
        batch.prepare();
        const int count = ::recvmmsg(self->socket_.native_handle(), batch.headers.data(),
                                     datagrams_per_call, MSG_DONTWAIT, nullptr);
        // Errors of a UDP socket are those of earlier datagrams, or passing; none ends the service.
        for (std::size_t at = 0; count > 0 && at < static_cast<std::size_t>(count); ++at) {
            const BytesView octets(batch.octets.get() + at * longest_message,
                                   batch.headers[at].msg_len);
            self->start_request(octets, batch.headers[at].msg_hdr);
        }
    }
}

void UdpSocket::start_request(BytesView octets, const msghdr& header) {
    DnsServerCounters& counters = state_->counters;
    counters.octets_in += octets.size();
    if (octets.size() < shortest_message) {
        ++counters.udp_dropped_short;
        return;
    }
    if (state_->udp_requests_now >= state_->limits.udp_requests) {
        ++counters.udp_dropped_busy;
        return;
    }
    asio::ip::udp::endpoint source;
    if (header.msg_namelen > source.capacity()) return;
    std::memcpy(source.data(), header.msg_name, header.msg_namelen);
    source.resize(header.msg_namelen);
    const Destination destination = destination_of(header, local_.address());

    Request request;
    request.octets = to_bytes(octets);
    request.source = SocketAddress(source);
    request.local = SocketAddress(destination.address, local_.port());
    request.transport = Transport::udp;
    auto reply = std::make_shared<UdpReply>(state_, shared_from_this(), request.source,
                                            request.local, destination.interface);
    state_->begin_request(Transport::udp);
    asio::co_spawn(state_->executor, answer(state_, std::move(request), std::move(reply)),
                   [state = state_](std::exception_ptr failure) {
                       state->end_request(Transport::udp, failure);
                   });
}

Result<void> UdpSocket::send(const SocketAddress& target, const SocketAddress& local,
                             unsigned interface, const OutgoingMessage& message) {
    asio::ip::udp::endpoint endpoint = target.udp();
    std::array<iovec, 3> pieces = {piece(message.head), piece(message.body), piece(message.tail)};
    alignas(cmsghdr) std::array<Byte, control_octets> control = {};
    msghdr header = {};
    header.msg_name = endpoint.data();
    header.msg_namelen = static_cast<socklen_t>(endpoint.size());
    header.msg_iov = pieces.data();
    header.msg_iovlen = pieces.size();
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (local.address().is_v4()) {
        in_pktinfo info = {};
        info.ipi_spec_dst.s_addr = htonl(local.address().to_v4().to_uint());
        set_control(header, IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info = {};
        const auto octets = local.address().to_v6().to_bytes();
        std::memcpy(&info.ipi6_addr, octets.data(), octets.size());
        info.ipi6_ifindex = interface;
        set_control(header, IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
    // Never waited for: a datagram that does not fit into the socket's buffer is lost, as it might
    // be on any link, and the client asks again.
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EMSGSIZE) {
        return Error(ErrorKind::limit, "datagram of " + std::to_string(message.size()) + " octets");
    }
    if (sent < 0) return network_error("send", errno);
    ++state_->counters.udp_replies;
    state_->counters.octets_out += static_cast<std::uint64_t>(sent);
    return success();
}

void UdpSocket::finish() {
    is_finishing_ = true;
    error_code failure;
    socket_.cancel(failure);
}

void UdpSocket::close() {
    error_code failure;
    socket_.close(failure);
}

}  // namespace chorale::net::detail
