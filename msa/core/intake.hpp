// Takes facts into the state: keys and names get numbers, servers' answers become sets.
#pragma once

#include "msa/core/machine.hpp"

namespace chorale::msa {

// Of one provider. More is a mistake or malice: validators limit their work too.
inline constexpr std::size_t most_keys_of_provider = 12;
inline constexpr std::size_t most_servers_of_provider = 12;
inline constexpr std::size_t most_providers = ProviderSet::most;

// Each returns true if something durable changed.
bool take_zone(const Policy& policy, ZoneState& state, const SignedZone& zone);
bool take_survey(const Policy& policy, ZoneState& state, const Survey& survey);
bool take_contribution(const Policy& policy, ZoneState& state, std::size_t provider,
                       const Contribution& contribution);
// What is to be kept of an announcement.
Heard hear(const ZoneState& state, const Announcement& said);
// Frees numbers that nothing refers to any more.
bool forget_unused(const Policy& policy, ZoneState& state);

std::optional<std::size_t> find_provider(const ZoneState& state, dns::NameView identity);
std::optional<std::size_t> find_key(const ZoneState& state, BytesView rdata);
std::optional<std::size_t> find_server(const ZoneState& state, dns::NameView name);

KeySet find_keys(const ZoneState& state, const std::vector<Bytes>& rdatas);
ServerSet find_servers(const ZoneState& state, const std::vector<dns::Name>& names);

}  // namespace chorale::msa
