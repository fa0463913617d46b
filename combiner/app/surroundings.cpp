#include "combiner/app/surroundings.hpp"

#include "combiner/app/metric_table.hpp"

namespace chorale::combiner {

Surroundings::Surroundings(boost::asio::io_context& context,
                           std::shared_ptr<const Configuration> initial, store::Database database,
                           std::uint64_t next_chunk_id)
    : io(context),
      configuration(std::move(initial)),
      worker(std::move(database)),
      chunk_ids(next_chunk_id),
      metrics(metric_table()),
      transfers_in(context.get_executor(), configuration->limits.transfers_in),
      transfers_out(context.get_executor(), configuration->limits.transfers_out),
      notifies(context.get_executor(), configuration->limits.notifies) {}

boost::asio::awaitable<Result<void>> commit(std::shared_ptr<Surroundings> surroundings,
                                            store::CommitWorker::Job job, std::uint64_t octets) {
    net::Completion<void> committed(surroundings->io.get_executor());
    const bool is_accepted =
        surroundings->worker.submit(std::move(job), committed.callback(), octets);
    if (!is_accepted) co_return Error(ErrorKind::limit, "too many changes wait to be written");
    // A write ends or fails; giving up on it would leave open which.
    Result<void> outcome = co_await committed.wait(net::no_deadline);
    co_return outcome;
}

}  // namespace chorale::combiner
