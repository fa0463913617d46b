#include "combiner/app/send_notify.hpp"

#include "common/net/dns_client.hpp"

namespace chorale::combiner {
namespace {

constexpr Duration answer_timeout = std::chrono::seconds(3);

NotifyOutcome failed(std::string reason) {
    return {NotifyOutcome::Kind::failed, std::move(reason)};
}

NotifyOutcome judge(const dns::Message& answer, std::uint16_t id) {
    if (answer.header.id != id || answer.opcode() != dns::Opcode::NOTIFY) {
        return failed("answer to something else");
    }
    switch (answer.rcode()) {
        case dns::Rcode::NOERROR: return {NotifyOutcome::Kind::acknowledged, {}};
        case dns::Rcode::NOTIMP: return {NotifyOutcome::Kind::not_implemented, "NOTIMP"};
        default: return failed("answered " + to_text(answer.rcode()));
    }
}

}  // namespace

boost::asio::awaitable<NotifyOutcome> send_notify(std::shared_ptr<Surroundings> surroundings,
                                                  std::shared_ptr<const zone::ZoneSnapshot> zone,
                                                  std::shared_ptr<const Secondary> secondary,
                                                  net::SocketAddress address) {
    dns::Message notify;
    notify.header.id = surroundings->random_id();
    notify.header.opcode = std::uint8_t(dns::Opcode::NOTIFY);
    notify.header.is_authoritative = true;
    notify.questions.push_back({zone->apex(), dns::Type::SOA, dns::Class::IN});
    const dns::RRset& soa = zone->soa();
    notify.answers.push_back({soa.owner, soa.type, dns::Class::IN, soa.ttl, soa.rdatas.front()});
    Bytes query = write_message(notify);
    const crypto::TsigKey* key = secondary->key.get();
    std::optional<crypto::TsigClient> signature;
    if (key) {
        signature.emplace(*key);
        signature->sign_request(query, surroundings->now());
    }
    Result<Bytes> answer = co_await net::exchange_udp(address, std::move(query), answer_timeout, 1);
    if (answer.has_error()) co_return failed(answer.error().message());
    if (signature) {
        const auto verified = signature->verify(*answer, surroundings->now());
        if (verified.has_error()) co_return failed(verified.error().message());
    }
    const dns::ParseOutcome parsed = dns::parse_message(*answer);
    if (!parsed.message) co_return failed("answer cannot be read: " + parsed.failure.reason);
    co_return judge(*parsed.message, notify.header.id);
}

}  // namespace chorale::combiner
