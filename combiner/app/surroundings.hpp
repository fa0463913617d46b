// What all parts of the running combiner share: the thread of I/O, the two
// workers, clocks, events, and the configuration of this moment.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <random>

#include "combiner/app/configuration.hpp"
#include "combiner/app/events.hpp"
#include "common/net/slots.hpp"
#include "common/runtime/metrics.hpp"
#include "common/store/commit_worker.hpp"
#include "common/zone/chunk.hpp"

namespace chorale::combiner {

struct Surroundings {
    Surroundings(boost::asio::io_context& context, std::shared_ptr<const Configuration> initial,
                 store::Database database, std::uint64_t next_chunk_id);

    Instant now() const {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
    std::uint16_t random_id() { return static_cast<std::uint16_t>(random()); }
    double jitter() { return static_cast<double>(random() % 1000) / 1000; }

    boost::asio::io_context& io;
    std::shared_ptr<const Configuration> configuration;
    store::CommitWorker worker;
    // Sorts and cuts zones that have come whole.
    boost::asio::thread_pool builder{1};
    zone::ChunkIds chunk_ids;
    Events events;
    runtime::log::RateLimitedLog refusals;
    runtime::Metrics metrics;
    crypto::ReplayGuard replay_guard;
    net::Slots transfers_in;
    net::Slots transfers_out;
    net::Slots notifies;
    std::random_device random;
};

// Commits a job and returns when it is on disk. Error: storage; or limit, when
// too much is waiting already.
boost::asio::awaitable<Result<void>> commit(std::shared_ptr<Surroundings> surroundings,
                                            store::CommitWorker::Job job, std::uint64_t octets);

}  // namespace chorale::combiner
