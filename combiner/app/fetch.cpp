#include "combiner/app/fetch.hpp"

#include <algorithm>

#include "common/dns/rdata.hpp"
#include "common/net/dns_client.hpp"
#include "common/net/wake.hpp"

namespace chorale::combiner {
namespace {

namespace asio = boost::asio;

constexpr Duration connect_timeout = std::chrono::seconds(5);
constexpr Duration probe_timeout = std::chrono::seconds(2);

Bytes make_query(std::uint16_t id, const FetchRequest& request, dns::Type type) {
    dns::Message query;
    query.header.id = id;
    query.questions.push_back({request.zone, type, dns::Class::IN});
    if (type == dns::Type::IXFR) {
        // RFC 1995 3: our version's SOA.
        const dns::RRset& soa = request.owner->soa();
        query.authority.push_back(
            {soa.owner, soa.type, dns::Class::IN, soa.ttl, soa.rdatas.front()});
    }
    return write_message(query);
}

// Builds what a transfer brings, leaving out what an owner may not give.
class Intake final : public zone::TransferSink {
public:
    Intake(FetchRequest request, std::shared_ptr<Surroundings> surroundings,
           std::shared_ptr<const Configuration> configuration)
        : request_(std::move(request)),
          surroundings_(std::move(surroundings)),
          configuration_(std::move(configuration)) {}

    Result<void> begin_zone(const dns::RecordView& soa) override {
        builder_.emplace(dns::Name(soa.owner), std::vector(head_types.begin(), head_types.end()),
                         ids(), limits());
        return builder_->add(soa);
    }

    Result<void> add(const dns::RecordView& record) override {
        if (!is_kept_from_owner(record.owner, record.type, request_.zone)) {
            ++dropped_[record.type];
            return success();
        }
        return builder_->add(record);
    }

    Result<void> add_delta(zone::ZoneDelta delta) override {
        deltas_.push_back(std::move(delta));
        return success();
    }

    // May take a while for a large zone.
    Result<OwnerChange> finish() {
        if (builder_) return finish_zone();
        return finish_deltas();
    }

private:
    Result<OwnerChange> finish_zone() {
        auto made = builder_->finish();
        if (!made) return made.error();
        if (request_.owner) *made = zone::share_chunks(*request_.owner, *made);
        OwnerChange change;
        change.owner = std::make_shared<const zone::ZoneSnapshot>(std::move(*made));
        change.dropped = std::move(dropped_);
        return change;
    }

    Result<OwnerChange> finish_deltas() {
        OwnerChange change;
        change.owner = request_.owner;
        change.dropped = request_.dropped;
        std::vector<zone::ZoneDelta> effective;
        for (const zone::ZoneDelta& delta : deltas_) {
            const zone::ZoneDelta kept = keep_from_owner(delta, request_.zone, change.dropped);
            auto applied = zone::apply_delta(*change.owner, kept, head_types, ids(), limits());
            if (!applied) return applied.error().in("IXFR");
            change.owner = std::make_shared<const zone::ZoneSnapshot>(std::move(applied->zone));
            effective.push_back(std::move(applied->effective));
        }
        if (request_.owner->find_in_head(dns::Type::NS) &&
            !change.owner->find_in_head(dns::Type::NS)) {
            return malformed("IXFR takes all NS of the zone away");
        }
        std::vector<const zone::ZoneDelta*> chain;
        for (const zone::ZoneDelta& delta : effective) chain.push_back(&delta);
        change.effective = std::make_shared<const zone::ZoneDelta>(
            effective.size() == 1 ? std::move(effective.front()) : zone::condense(chain));
        return change;
    }

    zone::ChunkIds& ids() { return surroundings_->chunk_ids; }
    const zone::ZoneLimits& limits() const { return configuration_->limits.zone; }

    FetchRequest request_;
    std::shared_ptr<Surroundings> surroundings_;
    std::shared_ptr<const Configuration> configuration_;
    std::optional<zone::ZoneBuilder> builder_;
    std::vector<zone::ZoneDelta> deltas_;
    DroppedCounts dropped_;
};

// The transfer itself, AXFR or IXFR, over a connection of its own.
class Transfer {
public:
    Transfer(std::shared_ptr<Surroundings> surroundings,
             std::shared_ptr<const Configuration> configuration, const FetchRequest& request,
             dns::Type type)
        : surroundings_(std::move(surroundings)),
          configuration_(std::move(configuration)),
          request_(request),
          type_(type),
          id_(surroundings_->random_id()),
          connection_(surroundings_->io.get_executor()),
          intake_(std::make_shared<Intake>(request_, surroundings_, configuration_)) {}

    asio::awaitable<Result<Fetched>> run() {
        const net::Deadline end = net::deadline_after(configuration_->limits.transfer_total_time);
        const net::Deadline connected_by = std::min(end, net::deadline_after(connect_timeout));
        Result<void> done = co_await connection_.connect(request_.address, connected_by);
        if (done.has_error()) co_return done.error();
        was_connected_ = true;
        Bytes query = make_query(id_, request_, type_);
        if (request_.primary->key) {
            signature_.emplace(*request_.primary->key);
            signature_->sign_request(query, surroundings_->now());
        }
        done = co_await connection_.send(std::move(query), std::min(end, idle_deadline()));
        if (done.has_error()) co_return done.error();

        std::optional<zone::Serial> have;
        if (type_ == dns::Type::IXFR) have = request_.owner->serial();
        zone::XfrInterpreter interpreter(request_.zone, id_, have, configuration_->limits.transfer);
        using Progress = zone::XfrInterpreter::Progress;
        Progress progress = Progress::more;
        while (progress == Progress::more) {
            Result<BytesView> message =
                co_await connection_.next_message(std::min(end, idle_deadline()));
            if (message.has_error()) co_return message.error();
            auto fed = feed(interpreter, *message);
            if (fed.has_error()) co_return fed.error();
            progress = *fed;
            if (is_decided_early(interpreter)) break;
        }
        if (signature_ && progress != Progress::more && !signature_->is_settled()) {
            co_return Error(ErrorKind::unauthorized, "the last message is not signed");
        }
        connection_.close();
        Fetched fetched;
        fetched.primary_serial = *interpreter.primary_serial();
        fetched.is_behind = request_.owner && fetched.primary_serial != request_.owner->serial() &&
                            !zone::is_newer(fetched.primary_serial, request_.owner->serial());
        const bool has_content = progress == Progress::complete && !fetched.is_behind;
        if (!has_content || is_same_serial(fetched.primary_serial)) co_return fetched;
        net::Completion<OwnerChange> finished(surroundings_->io.get_executor());
        asio::post(surroundings_->builder, [intake = intake_, done_with = finished.callback()] {
            done_with(intake->finish());
        });
        Result<OwnerChange> change = co_await finished.wait(net::no_deadline);
        if (change.has_error()) co_return change.error();
        fetched.change = std::move(*change);
        co_return fetched;
    }

    bool was_incremental() const { return was_incremental_; }
    bool was_connected() const { return was_connected_; }

private:
    net::Deadline idle_deadline() const {
        return net::deadline_after(configuration_->limits.transfer_idle_time);
    }

    Result<zone::XfrInterpreter::Progress> feed(zone::XfrInterpreter& interpreter,
                                                BytesView message) {
        if (signature_) {
            const auto verified = signature_->verify(message, surroundings_->now());
            if (!verified) return verified.error();
        }
        auto fed = interpreter.feed(message, *intake_);
        was_incremental_ = interpreter.is_incremental();
        return fed;
    }

    // A full transfer of a serial that we have, or of an older one, need not be
    // read to its end.
    bool is_decided_early(const zone::XfrInterpreter& interpreter) const {
        if (!request_.owner || !interpreter.primary_serial()) return false;
        const zone::Serial serial = *interpreter.primary_serial();
        return !zone::is_newer(serial, request_.owner->serial());
    }

    bool is_same_serial(zone::Serial serial) const {
        return request_.owner && request_.owner->serial() == serial;
    }

    std::shared_ptr<Surroundings> surroundings_;
    std::shared_ptr<const Configuration> configuration_;
    FetchRequest request_;
    dns::Type type_;
    std::uint16_t id_;
    net::StreamConnection connection_;
    std::optional<crypto::TsigClient> signature_;
    std::shared_ptr<Intake> intake_;
    bool was_incremental_ = false;
    bool was_connected_ = false;
};

// The primary's serial by a SOA query over UDP (RFC 1034 4.3.5); whatever goes
// wrong, the transfer itself will tell better.
asio::awaitable<Result<zone::Serial>> probe_serial(std::shared_ptr<Surroundings> surroundings,
                                                   const FetchRequest& asked) {
    const FetchRequest request = asked;
    const std::uint16_t id = surroundings->random_id();
    Bytes query = make_query(id, request, dns::Type::SOA);
    const KeyPointer key = request.primary->key;
    std::optional<crypto::TsigClient> signature;
    if (key) {
        signature.emplace(*key);
        signature->sign_request(query, surroundings->now());
    }
    Result<Bytes> answer =
        co_await net::exchange_udp(request.address, std::move(query), probe_timeout, 2);
    if (answer.has_error()) co_return answer.error();
    if (signature) {
        const auto verified = signature->verify(*answer, surroundings->now());
        if (verified.has_error()) co_return verified.error();
    }
    const dns::ParseOutcome parsed = dns::parse_message(*answer);
    if (!parsed.message) co_return malformed(parsed.failure.reason);
    for (const dns::Record& record : parsed.message->answers) {
        if (record.type == dns::Type::SOA && record.owner == request.zone &&
            parsed.message->rcode() == dns::Rcode::NOERROR &&
            dns::check_rdata(dns::Type::SOA, record.rdata).has_value()) {
            co_return dns::soa_serial(record.rdata);
        }
    }
    co_return Error(ErrorKind::not_found, "answer without SOA");
}

}  // namespace

asio::awaitable<Result<Fetched>> fetch_zone(std::shared_ptr<Surroundings> surroundings,
                                            FetchRequest request) {
    // Its limits hold for the whole of the transfer.
    const auto configuration = surroundings->configuration;
    std::optional<zone::Serial> announced;
    if (request.owner && request.probes_first) {
        Result<zone::Serial> serial = co_await probe_serial(surroundings, request);
        if (serial.has_value()) {
            Fetched seen;
            seen.primary_serial = *serial;
            const zone::Serial have = request.owner->serial();
            seen.is_behind = *serial != have && !zone::is_newer(*serial, have);
            if (seen.is_behind || *serial == have) co_return seen;
            announced = *serial;
        }
    }
    const auto count = [surroundings](bool was_incremental, bool is_good) {
        surroundings->metrics
            .counter("chorale_combiner_transfers_in_total",
                     {was_incremental ? "ixfr" : "axfr", is_good ? "done" : "failed"})
            .increment();
    };
    // A primary whose SOA tells of news that its transfer does not have.
    const auto keeps_news_back = [&](const Result<Fetched>& fetched) {
        return announced && fetched.has_value() && !fetched->change;
    };
    if (request.owner && request.asks_incrementally) {
        Transfer transfer(surroundings, configuration, request, dns::Type::IXFR);
        Result<Fetched> fetched = co_await transfer.run();
        const bool is_good = fetched.has_value() && !keeps_news_back(fetched);
        if (is_good) {
            if (fetched->change) count(transfer.was_incremental(), true);
            co_return fetched;
        }
        count(transfer.was_incremental(), false);
        // Whatever is wrong with an incremental answer, a whole zone may be good:
        // it is asked for once. Where nobody answers, nobody will.
        if (!transfer.was_connected()) co_return fetched;
    }
    Transfer transfer(surroundings, configuration, request, dns::Type::AXFR);
    Result<Fetched> fetched = co_await transfer.run();
    if (keeps_news_back(fetched)) {
        fetched = Error(ErrorKind::conflict, "its SOA says serial " + std::to_string(*announced) +
                                                 ", its transfer has " +
                                                 std::to_string(fetched->primary_serial));
    }
    if (fetched.has_error() || fetched->change) count(false, fetched.has_value());
    co_return fetched;
}

}  // namespace chorale::combiner
