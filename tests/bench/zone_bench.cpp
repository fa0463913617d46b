// How fast and how small zones are: transfer in, transfer out, deltas, memory.
// A plain program, for people: zone_bench [records], one million by default.
#include <malloc.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

#include "common/dns/rdata.hpp"
#include "common/zone/xfr_interpreter.hpp"
#include "common/zone/xfr_packer.hpp"
#include "common/zone/zone_builder.hpp"

namespace chorale::zone {
namespace {

const std::vector<dns::Type> head_types = {dns::Type::SOA, dns::Type::NS,      dns::Type::DNSKEY,
                                           dns::Type::CDS, dns::Type::CDNSKEY, dns::Type::CSYNC};

dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

// Time that this process had a processor, so that a busy machine matters less.
double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9;
}

// Resident octets now, or the most there ever were since reset_peak().
std::size_t resident(const char* field) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(field)) return std::stoul(line.substr(line.find(':') + 1)) * 1024;
    }
    return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// Delegations with name servers and glue, hosts with addresses, mail and text.
class SyntheticZone {
public:
    explicit SyntheticZone(std::size_t records) {
        add_soa();
        add("", dns::Type::NS, wire("ns1"));
        add("", dns::Type::NS, wire("ns2"));
        std::mt19937_64 random(1);
        const char* const words[] = {"alpha",  "shop",  "blue",  "cafe", "dental", "east",
                                     "forest", "green", "hotel", "immo", "jazz",   "kiosk"};
        for (std::size_t i = 0; list_.size() < records; ++i) {
            std::string label = words[random() % 12];
            label += words[random() % 12];
            label += std::to_string(i);
            if (random() % 3 != 0) {
                add_delegation(label, random);
            } else {
                add_host(label, random);
            }
        }
    }
    const RecordList& list() const { return list_; }
    const dns::Record& soa() const { return soa_; }

    // The messages that a primary would send, records in the given order.
    std::vector<Bytes> messages(const std::vector<std::size_t>& offsets) const {
        std::vector<Bytes> all;
        Bytes octets;
        std::optional<dns::RecordWriter> writer;
        std::uint16_t count = 0;
        const auto close = [&] {
            Bytes start;
            dns::WireWriter header_writer(start);
            dns::Header header;
            header.id = 7;
            header.is_response = true;
            header.answer_count = count;
            header.write(header_writer);
            std::ranges::copy(start, octets.begin());
            all.push_back(octets);
            octets.clear();
            writer.reset();
            count = 0;
        };
        const auto write = [&](const dns::RecordView& record) {
            if (octets.empty()) {
                octets.resize(dns::header_octets);
                writer.emplace(octets);
            }
            writer->record(record);
            ++count;
            if (octets.size() > 16 * 1024) close();
        };
        write(soa_.view());
        for (const std::size_t offset : offsets) write(list_.at(offset));
        write(soa_.view());
        close();
        return all;
    }

private:
    static dns::Name full(const std::string& label) {
        return name(label.empty() ? "example." : label + ".example.");
    }
    static Bytes wire(const std::string& label) { return to_bytes(full(label).wire()); }
    void add(const std::string& label, dns::Type type, const Bytes& rdata) {
        list_.add({full(label), type, dns::Class::IN, 86400, rdata});
    }
    void add_soa() {
        Bytes rdata = wire("ns1");
        append(rdata, wire("hostmaster"));
        dns::WireWriter writer(rdata);
        for (const std::uint32_t value : {1U, 7200U, 900U, 1209600U, 300U}) writer.u32(value);
        soa_ = {full(""), dns::Type::SOA, dns::Class::IN, 86400, rdata};
    }
    static Bytes random_octets(std::size_t count, std::mt19937_64& random) {
        Bytes octets;
        while (octets.size() < count) octets.push_back(static_cast<Byte>(random()));
        return octets;
    }
    void add_delegation(const std::string& label, std::mt19937_64& random) {
        if (random() % 2 == 0) {  // hosted by one of the large providers
            const std::string provider = "provider" + std::to_string(random() % 40);
            add(label, dns::Type::NS, wire("ns1." + provider));
            add(label, dns::Type::NS, wire("ns2." + provider));
            return;
        }
        for (const char* server : {"ns1.", "ns2."}) {
            add(label, dns::Type::NS, wire(server + label));
            add(server + label, dns::Type::A, random_octets(4, random));
            if (random() % 2 == 0) add(server + label, dns::Type::AAAA, random_octets(16, random));
        }
    }
    void add_host(const std::string& label, std::mt19937_64& random) {
        add(label, dns::Type::A, random_octets(4, random));
        if (random() % 2 == 0) add(label, dns::Type::AAAA, random_octets(16, random));
        if (random() % 3 == 0) {
            Bytes rdata = {0, 10};
            append(rdata, wire("mail." + label));
            add(label, dns::Type::MX, rdata);
            add("mail." + label, dns::Type::A, random_octets(4, random));
            const std::string_view policy = "v=spf1 mx -all";
            rdata = {static_cast<Byte>(policy.size())};
            append(rdata, as_bytes(policy));
            add(label, dns::Type::TXT, rdata);
        }
        add("www." + label, dns::Type::CNAME, wire(label));
    }
    dns::Record soa_;
    RecordList list_;
};

class BuildingSink : public TransferSink {
public:
    BuildingSink(ChunkIds& ids) : builder_(name("example."), head_types, ids, {}) {}
    Result<void> begin_zone(const dns::RecordView& soa) override { return builder_.add(soa); }
    Result<void> add(const dns::RecordView& record) override { return builder_.add(record); }
    Result<void> add_delta(ZoneDelta) override { return malformed("no delta was asked for"); }
    ZoneSnapshot finish() { return builder_.finish().value(); }

private:
    ZoneBuilder builder_;
};

ZoneSnapshot receive(const std::vector<Bytes>& messages, ChunkIds& ids) {
    BuildingSink sink(ids);
    XfrInterpreter interpreter(name("example."), 7, std::nullopt, {});
    for (const Bytes& message : messages) interpreter.feed(message, sink).value();
    return sink.finish();
}

template <class Work>
void measure(const char* what, int rounds, Work work) {
    double best = 1e9;
    for (int i = 0; i < rounds; ++i) {
        const double start = processor_seconds();
        work();
        best = std::min(best, processor_seconds() - start);
    }
    std::printf("%-58s %10.3f ms\n", what, best * 1000);
}

ZoneSnapshot measure_receive(const char* what, const std::vector<Bytes>& messages, ChunkIds& ids) {
    ZoneSnapshot zone;
    measure(what, 3, [&] {
        zone = {};
        zone = receive(messages, ids);
    });
    zone = {};
    malloc_trim(0);
    const std::size_t before = resident("VmRSS");
    reset_peak();
    zone = receive(messages, ids);
    const std::size_t peak = resident("VmHWM");
    malloc_trim(0);
    std::printf("%-58s %10.1f MB, %.1f MB at most\n", "  memory that it took",
                double(resident("VmRSS") - before) / 1e6, double(peak - before) / 1e6);
    return zone;
}

void run(std::size_t records) {
    const SyntheticZone synthetic(records);
    const RecordList& list = synthetic.list();
    std::vector<std::size_t> offsets = list.sorted();
    const std::vector<Bytes> in_order = synthetic.messages(offsets);
    std::mt19937_64 random(2);
    std::ranges::shuffle(offsets, random);
    std::size_t wire_octets = 0;
    for (const Bytes& message : in_order) wire_octets += message.size();
    std::printf("%zu records, %zu messages in order with %.1f octets a record\n", list.size(),
                in_order.size(), double(wire_octets) / double(list.size()));

    ChunkIds ids;
    const ZoneSnapshot zone = measure_receive("AXFR in, in zone order", in_order, ids);
    std::printf("%-58s %10.1f octets in %zu chunks\n", "  a record takes",
                double(zone.octets()) / double(zone.record_count()), zone.body().size());
    {
        const std::vector<Bytes> shuffled = synthetic.messages(offsets);
        const ZoneSnapshot other = measure_receive("AXFR in, in random order", shuffled, ids);
        std::printf("%-58s %10s\n", "  the same zone",
                    share_chunks(zone, other).body() == zone.body() ? "yes" : "NO");
    }

    const auto shared = std::make_shared<const ZoneSnapshot>(zone);
    measure("AXFR out, all messages", 10, [&] {
        TransferQuery query;
        query.question = {zone.apex(), dns::Type::AXFR, dns::Class::IN};
        AxfrPacker packer(shared, query);
        TransferMessage message;
        while (packer.next(message)) continue;
    });

    ZoneDelta delta{synthetic.soa(), synthetic.soa(), {}, {}};
    delta.to_soa.rdata = dns::with_soa_serial(delta.to_soa.rdata, 2);
    const dns::Name owner = name("kiosk0.example.");
    const Byte address[] = {192, 0, 2, 1};
    delta.added.add({owner, dns::Type::A, dns::Class::IN, 60, address});
    ZoneSnapshot changed;
    measure("delta of one record applied", 20,
            [&] { changed = apply_delta(zone, delta, head_types, ids, {}).value().zone; });
    measure("difference to it computed", 20,
            [&] { compute_delta(zone, changed, std::size_t{1} << 30).value(); });
    measure("RRset looked up", 20, [&] { (void)zone.find(owner, dns::Type::A); });

    const ZoneSnapshot again = receive(in_order, ids);
    ZoneSnapshot joined;
    measure("chunks shared with an equal zone", 5, [&] { joined = share_chunks(zone, again); });
    measure("difference to an equal zone with shared chunks", 5,
            [&] { compute_delta(zone, joined, std::size_t{1} << 30).value(); });
    measure("difference to an equal zone without shared chunks", 3,
            [&] { compute_delta(zone, again, std::size_t{1} << 30).value(); });

    std::vector<Bytes> stored;
    for (const ChunkPointer& chunk : zone.body()) stored.push_back(to_bytes(chunk->octets()));
    measure("stored chunks read and checked", 3, [&] {
        for (const Bytes& octets : stored) Chunk::from_stored(1, octets).value();
    });
}

}  // namespace
}  // namespace chorale::zone

int main(int argc, char** argv) {
    const unsigned long records = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
    if (records == 0) {
        std::fprintf(stderr, "usage: zone_bench [records]\n");
        return 2;
    }
    chorale::zone::run(records);
    return 0;
}
