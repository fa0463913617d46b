#include "msa/core/state_codec.hpp"

#include <algorithm>

#include "common/dns/wire.hpp"
#include "msa/core/intake.hpp"

namespace chorale::msa {

namespace {

constexpr std::uint32_t magic = 0x4d534132;  // "MSA2": the last octet is the version

class Writer {
public:
    explicit Writer(Bytes& target) : out_(target) {}

    void number(const std::uint8_t& value) { out_.u8(value); }
    void number(const std::uint16_t& value) { out_.u16(value); }
    void number(const std::uint32_t& value) { out_.u32(value); }
    void number(const std::uint64_t& value) { out_.u64(value); }
    void flag(const bool& value) { out_.u8(value ? 1 : 0); }
    void elapsed(const Duration& value) { out_.u64(static_cast<std::uint64_t>(value.count())); }
    void mark(const Mark& value) { out_.u32(value.seconds()); }
    template <class Tag, class Bits>
    void set(const IndexSet<Tag, Bits>& value) {
        number(value.bits());
    }
    template <class Enumeration>
    void enumeration(const Enumeration& value, Enumeration) {
        out_.u8(static_cast<std::uint8_t>(value));
    }
    void name(const dns::Name& value) { out_.name(value); }
    void optional_number(const std::optional<std::uint8_t>& value) {
        flag(value.has_value());
        if (value) number(*value);
    }
    void octets(const Bytes& value) {
        out_.u16(static_cast<std::uint16_t>(value.size()));
        out_.octets(value);
    }
    void digest(const Digest& value) { out_.octets(value); }
    template <class List, class Each>
    void list(const List& list, std::size_t, Each each) {
        out_.u16(static_cast<std::uint16_t>(list.size()));
        for (const auto& item : list) each(*this, item);
    }

private:
    dns::WireWriter out_;
};

class Reader {
public:
    explicit Reader(BytesView octets) : in_(octets) {}

    bool is_whole() const { return !in_.failed() && in_.at_end(); }

    void number(std::uint8_t& value) { value = in_.u8(); }
    void number(std::uint16_t& value) { value = in_.u16(); }
    void number(std::uint32_t& value) { value = in_.u32(); }
    void number(std::uint64_t& value) { value = in_.u64(); }
    void flag(bool& value) {
        const std::uint8_t octet = in_.u8();
        if (octet > 1) in_.fail();
        value = octet == 1;
    }
    void elapsed(Duration& value) {
        value = Duration(static_cast<Duration::rep>(in_.u64()));
        if (value < Duration::zero()) in_.fail();
    }
    void mark(Mark& value) { value = Mark::from_seconds(in_.u32()); }
    template <class Tag, class Bits>
    void set(IndexSet<Tag, Bits>& value) {
        Bits bits = 0;
        number(bits);
        value = IndexSet<Tag, Bits>::from_bits(bits);
    }
    template <class Enumeration>
    void enumeration(Enumeration& value, Enumeration last) {
        const std::uint8_t octet = in_.u8();
        if (octet > static_cast<std::uint8_t>(last))
            in_.fail();
        else
            value = static_cast<Enumeration>(octet);
    }
    void name(dns::Name& value) { value = in_.name(); }
    void optional_number(std::optional<std::uint8_t>& value) {
        bool is_there = false;
        flag(is_there);
        if (is_there) number(value.emplace());
    }
    void octets(Bytes& value) { value = to_bytes(in_.octets(in_.u16())); }
    void digest(Digest& value) {
        const BytesView octets = in_.octets(value.size());
        if (!in_.failed()) std::copy(octets.begin(), octets.end(), value.begin());
    }
    template <class List, class Each>
    void list(List& list, std::size_t most, Each each) {
        const std::size_t count = in_.u16();
        if (count > most) in_.fail();
        if (!in_.failed()) list.reserve(count);
        for (std::size_t at = 0; at < count && !in_.failed(); ++at) {
            list.emplace_back();
            each(*this, list.back());
        }
    }

private:
    dns::WireReader in_;
};

// One list of what is durable, for both directions.
template <class Archive, class Value>
void since(Archive& archive, Value& value) {
    archive.mark(value.mark);
}

template <class Archive, class Value>
void ttl(Archive& archive, Value& value) {
    archive.number(value.largest);
    archive.mark(value.until);
}

template <class Archive, class Value>
void position(Archive& archive, Value& value) {
    archive.enumeration(value.process, ProcessKind::setup);
    archive.enumeration(value.rung, Rung::STOPPED);
}

template <class Archive, class Value>
void key(Archive& archive, Value& value) {
    archive.octets(value.rdata);
    archive.number(value.tag);
    archive.set(value.owners);
    for (auto* it : {&value.signs, &value.in_ds, &value.in_cds, &value.out_of_ds, &value.visible,
                     &value.unused, &value.algorithm_everywhere})
        since(archive, *it);
}

template <class Archive, class Value>
void server(Archive& archive, Value& value) {
    archive.name(value.name);
    archive.flag(value.is_free);
    archive.flag(value.is_ready);
    archive.flag(value.was_named);
    since(archive, value.gone);
}

template <class Archive, class Value>
void provider(Archive& archive, Value& value) {
    archive.name(value.identity);
    archive.enumeration(value.wanted, Wanted::conflict);
    position(archive, value.position);
    archive.number(value.start);
    archive.flag(value.can_peer);
    archive.flag(value.has_contributed);
    archive.set(value.keys);
    archive.set(value.entry_keys);
    archive.set(value.announced_entry);
    archive.set(value.servers);
    archive.digest(value.contribution);
    for (auto* it : {&value.dnskey_ttl, &value.ns_ttl, &value.largest_ttl}) ttl(archive, *it);
    since(archive, value.silent);
    archive.flag(value.was_reached);
    since(archive, value.unnamed);
    archive.number(value.furthest.epoch);
    archive.number(value.furthest.steps);
}

template <class Archive, class Value>
void movement(Archive& archive, Value& value) {
    archive.number(value.epoch);
    archive.enumeration(value.process, ProcessKind::setup);
    archive.set(value.subjects);
    archive.flag(value.has_met);
    archive.number(value.index);
    archive.number(value.floor);
    archive.flag(value.was_done);
    for (auto* it : {&value.entered, &value.keys, &value.ds, &value.ns}) since(archive, *it);
}

template <class Archive, class State>
void fields(Archive& archive, State& state) {
    archive.name(state.zone);
    archive.list(state.providers, most_providers,
                 [](auto& to, auto& value) { provider(to, value); });
    archive.list(state.keys, most_members, [](auto& to, auto& value) { key(to, value); });
    archive.list(state.servers, most_members, [](auto& to, auto& value) { server(to, value); });
    archive.digest(state.roster.hash);
    archive.flag(state.roster.is_present);
    movement(archive, state.movement);
    archive.number(state.epoch_seen);
    archive.flag(state.has_part);
    archive.flag(state.is_restored);
    archive.flag(state.is_recovering);
    since(archive, state.lost_at);
    archive.flag(state.is_paused);
    archive.flag(state.has_left);
    archive.set(state.orphans);
    since(archive, state.orphaned);
    archive.set(state.withdrawn);
    archive.set(state.removed);
    archive.set(state.wanted.dnskey);
    archive.set(state.wanted.cds);
    archive.set(state.wanted.ns);
    archive.flag(state.wanted.csync);
    archive.set(state.injected);
    archive.flag(state.is_managed);
    archive.number(state.election.term);
    archive.optional_number(state.election.voted);
    for (auto* it : {&state.largest_ttl, &state.ds_ttl, &state.parent_ns_ttl}) ttl(archive, *it);
    archive.elapsed(state.elapsed);
}

// Every number refers to something, so that nothing has to ask again.
bool is_consistent(const ZoneState& state) {
    const auto within = [](auto set, std::size_t size) {
        return size >= set.most || (set.bits() >> size) == 0;
    };
    const std::size_t keys = state.keys.size(), servers = state.servers.size();
    const std::size_t providers = state.providers.size();
    if (state.providers.empty()) return false;
    if (state.election.voted && *state.election.voted >= providers) return false;
    if (!state.movement.is_over() && (!within(state.movement.subjects, providers) ||
                                      state.movement.index > 4 || state.movement.floor > 4))
        return false;
    for (const Key& key : state.keys)
        if (!within(key.owners, providers)) return false;
    for (const Provider& provider : state.providers)
        if (!within(provider.keys | provider.entry_keys | provider.announced_entry, keys) ||
            !within(provider.servers, servers) || provider.start > 4)
            return false;
    return within(state.orphans | state.withdrawn | state.removed | state.wanted.dnskey |
                      state.wanted.cds | state.injected,
                  keys) &&
           within(state.wanted.ns, servers);
}

}  // namespace

Bytes encode(const ZoneState& state) {
    Bytes octets;
    octets.reserve(2048);
    Writer writer(octets);
    writer.number(magic);
    fields(writer, state);
    return octets;
}

Result<ZoneState> decode(BytesView octets) {
    Reader reader(octets);
    std::uint32_t start = 0;
    reader.number(start);
    if (start != magic) return malformed("state of a zone: not of version 2");
    ZoneState state;
    fields(reader, state);
    if (!reader.is_whole()) return malformed("state of a zone: cut off, or damaged");
    if (!is_consistent(state)) return malformed("state of a zone: refers to what is not there");
    state.committed = state.elapsed;
    return state;
}

}  // namespace chorale::msa
